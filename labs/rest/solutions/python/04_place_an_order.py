"""rest/04: place an order, and read it back, with Flask."""

import os
import threading

from flask import Flask, abort, jsonify, request, url_for

app = Flask(__name__)
# In memory: a real service would write them to a disk before it answers 201.
orders = {}
lock = threading.Lock()


@app.post("/v1/orders")
def create_order():
    # `get_json` answers 415 to any other content type, so a form places nothing.
    draft = request.get_json()
    # Flask runs a thread for each request: the id is drawn and used under one lock.
    with lock:
        order_id = str(len(orders) + 1)
        order = {"id": order_id, "created_by": draft["created_by"], "equipment": draft["equipment"]}
        orders[order_id] = order
    return jsonify(order), 201, {"Location": url_for("get_order", order_id=order_id)}


@app.get("/v1/orders/<order_id>")
def get_order(order_id):
    if order_id not in orders:
        abort(404)
    return jsonify(orders[order_id])


@app.get("/v1/orders")
def list_orders():
    # An object, so that a page's token can stand beside the list one day.
    return jsonify(orders=list(orders.values()))


if __name__ == "__main__":
    host, port = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080").rsplit(":", 1)
    app.run(host, int(port))
