"""rest/05: say no clearly: problem details (RFC 9457), every fault at once, with Flask."""

import json
import os

from flask import Flask, jsonify, request
from werkzeug.exceptions import HTTPException

app = Flask(__name__)
KINDS = {"KEYBOARD", "MOUSE", "WEBCAM", "MONITOR"}
FIELDS = {"created_by", "equipment", "desk"}


# What Flask refuses by itself (404, 405, 415, JSON that can't be read) comes here as well.
@app.errorhandler(HTTPException)
def problem(error):
    response = error.get_response()  # With `Allow`, where that belongs.
    body = {"title": error.name, "status": error.code, "detail": error.description}
    response.data = json.dumps(body)
    response.content_type = "application/problem+json"
    return response


@app.post("/v1/orders")
def create_order():
    order = request.get_json()
    errors = faults(order)
    if not errors:
        return jsonify(order), 201
    body = {"title": "Unprocessable Content", "status": 422, "detail": "the errors name each fault", "errors": errors}
    return json.dumps(body), 422, {"Content-Type": "application/problem+json"}


def faults(order):
    """All that is wrong with it."""
    if not isinstance(order, dict):
        return [fault("#", "must be an object")]
    found = [fault(f"#/{escaped(name)}", "is no field of an order") for name in order if name not in FIELDS]
    created_by, desk = order.get("created_by"), order.get("desk")
    if not (isinstance(created_by, str) and 1 <= len(created_by) <= 64):
        found.append(fault("#/created_by", "must be text of 1 to 64 characters"))
    # `True` is an int in Python, and none in JSON.
    if not (type(desk) is int and 1 <= desk <= 999):
        found.append(fault("#/desk", "must be a whole number from 1 to 999"))
    equipment = order.get("equipment")
    if not (isinstance(equipment, list) and equipment):
        return found + [fault("#/equipment", "must be a list of at least one")]
    for index, item in enumerate(equipment):
        if not (isinstance(item, str) and item in KINDS):
            found.append(fault(f"#/equipment/{index}", "must be KEYBOARD, MOUSE, WEBCAM or MONITOR"))
        elif equipment[:index].count(item) >= 2:
            found.append(fault(f"#/equipment/{index}", "is ordered twice already"))
    return found


def fault(pointer, detail):
    return {"pointer": pointer, "detail": detail}


def escaped(name):
    """`~` and `/` have a meaning in a pointer (RFC 6901 §3)."""
    return name.replace("~", "~0").replace("/", "~1")


if __name__ == "__main__":
    host, port = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080").rsplit(":", 1)
    app.run(host, int(port))
