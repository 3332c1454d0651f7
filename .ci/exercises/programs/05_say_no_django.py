"""rest/05 with Django, in one file."""

import json
import os
import sys
from http import HTTPStatus

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import JsonResponse
from django.urls import path
from order_faults import faults

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], DEBUG=False)


def problem(status, detail, headers=None, **more):
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JsonResponse(body, status=status, headers=headers, content_type="application/problem+json")


def not_found(request, exception):
    return problem(404, f"there is nothing at {request.path}")


handler404 = not_found


def orders(request):
    if request.method != "POST":
        return problem(405, "an order is placed by POST", {"Allow": "POST"})
    if request.content_type != "application/json":
        return problem(415, "an order comes as application/json")
    try:
        order = json.loads(request.body)
    except ValueError as error:
        return problem(400, f"the body is not JSON: {error}")
    errors = [{"pointer": pointer, "detail": detail} for pointer, detail in faults(order)]
    if errors:
        return problem(422, "the order has faults", errors=errors)
    return JsonResponse(order, status=201)


urlpatterns = [path("v1/orders", orders)]

if __name__ == "__main__":
    address = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080")
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", address])
