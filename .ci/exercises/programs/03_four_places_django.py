"""rest/03 with Django, in one file."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], DEBUG=False)


@require_POST
def demo(request, path_demo):
    try:
        param, header = request.GET["param_demo"], request.headers["header-demo"]
    except KeyError as missing:
        return JsonResponse({"error": f"{missing} is missing"}, status=400)
    body = request.body.decode()
    return JsonResponse({"result": {"path": path_demo, "param": param, "header": header, "body": body}})


urlpatterns = [path("demo/<path_demo>", demo)]

if __name__ == "__main__":
    address = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080")
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", address])
