"""rest/04 with Django, in one file."""

import itertools
import json
import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import Http404, JsonResponse
from django.urls import path, reverse
from django.views import View

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], DEBUG=False)

orders = {}
# `next` on it is one step, also for threads.
ids = itertools.count(1)


class Orders(View):
    def get(self, request):
        return JsonResponse({"orders": list(orders.values())})

    def post(self, request):
        if request.content_type != "application/json":
            return JsonResponse({"error": "an order comes as application/json"}, status=415)
        draft = json.loads(request.body)
        order = {"id": next(ids), "created_by": draft["created_by"], "equipment": draft["equipment"]}
        orders[order["id"]] = order
        location = request.build_absolute_uri(reverse("order", args=[order["id"]]))
        return JsonResponse(order, status=201, headers={"Location": location})


def get_order(request, order_id):
    if order_id not in orders:
        raise Http404
    return JsonResponse(orders[order_id])


urlpatterns = [
    path("v1/orders", Orders.as_view()),
    path("v1/orders/<int:order_id>", get_order, name="order"),
]

if __name__ == "__main__":
    address = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080")
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", address])
