"""rest/01 with Django, in one file."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], DEBUG=False)


@require_safe
def health(request):
    return JsonResponse({"status": "ok"})


urlpatterns = [path("health", health)]

if __name__ == "__main__":
    address = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080")
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", address])
