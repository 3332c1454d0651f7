"""rest/06 in Flask and requests: a thread for each request, one lock for the orders."""

import itertools
import os
import re
import threading

import requests
from flask import Flask, jsonify, request

app = Flask(__name__)
STOCK = os.environ.get("LAB_STOCK_URL", "http://127.0.0.1:8081/stock")
lock = threading.Lock()
orders = {}
ids = itertools.count(1)


def tag(order):
    return f'"{order["version"]}"'


def shown(order, status=200, **headers):
    answer = jsonify(id=order["id"], created_by=order["created_by"], equipment=order["equipment"])
    return answer, status, {"ETag": tag(order), **headers}


def refused(status, why):
    return jsonify(error=why), status


def holds(condition, order):
    """A weak tag keeps its W/ here, and so is never the present one."""
    return condition.strip() == "*" or tag(order) in re.findall(r'(?:W/)?"[^"]*"', condition)


@app.post("/v1/orders")
def create_order():
    draft = request.get_json()
    order = {"id": next(ids), "created_by": draft["created_by"], "equipment": draft["equipment"], "version": 1}
    orders[order["id"]] = order
    return shown(order, 201, Location=f"/v1/orders/{order['id']}")


@app.get("/v1/orders/<int:id>")
def get_order(id):
    order = orders.get(id)
    return shown(order) if order else refused(404, "no such order")


@app.put("/v1/orders/<int:id>")
def update_order(id):
    order, condition = orders.get(id), request.headers.get("If-Match")
    if order is None:
        return refused(404, "no such order")
    if condition is None:
        return refused(428, "If-Match is missing")
    if not holds(condition, order):
        return refused(412, "somebody has changed it")
    equipment = request.get_json()["equipment"]
    # No lock is held here: it may take three seconds.
    try:
        status = requests.post(STOCK, json={"equipment": equipment}, timeout=3).status_code
    except requests.RequestException:
        return refused(503, "the stock doesn't answer")
    if 400 <= status < 500:
        return refused(409, "the stock says no")
    if not 200 <= status < 300:
        return refused(503, "the stock is unwell")
    with lock:
        order = orders[id]
        if not holds(condition, order):
            return refused(412, "somebody has changed it meanwhile")
        # Another object: whoever reads the old one sees it whole.
        orders[id] = order = {**order, "equipment": equipment, "version": order["version"] + 1}
    return shown(order)


if __name__ == "__main__":
    host, port = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080").rsplit(":", 1)
    app.run(host=host, port=int(port), threaded=True)
