"""rest/04: place an order, get it back, list all of them.

`cargo lab show rest/04` has the task. This is Flask; any other framework will do
as well.
"""
# pip install flask

import os
import threading
import uuid

from flask import Flask, abort, jsonify, request

app = Flask(__name__)

# Flask's server has a thread for each request: whoever touches the orders takes the lock.
orders = {}
lock = threading.Lock()


@app.route("/v1/orders", methods=["POST"])
def create_order():
    # Here is your part: 201, `Location`, and the order as it is stored.
    return "", 501


@app.route("/v1/orders/<order_id>", methods=["GET"])
def get_order(order_id):
    return "", 501


@app.route("/v1/orders", methods=["GET"])
def list_orders():
    return "", 501


if __name__ == "__main__":
    # Where to listen is told by whoever starts the program.
    host, port = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080").rsplit(":", 1)
    app.run(host=host, port=int(port))
