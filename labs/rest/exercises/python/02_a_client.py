"""rest/02: call a service, act on the status, print JSON.

`cargo lab show rest/02` has the task. This is requests; any other client will do
as well.
"""
# pip install requests

import json
import os
import sys

import requests

# Which server to call is told by whoever starts the program.
BASE = "http://" + os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080")


def health():
    """GET /health: prints the JSON of the answer."""
    # Here is your part. An answer is a status, headers and a body, and each can go
    # wrong by itself. And requests waits for ever when it isn't told otherwise.
    fail("nobody has written this yet")


def get(order_id):
    """GET /v1/orders/{id}: prints the JSON of the order."""
    fail("nobody has written this yet")


def show(value):
    """JSON on one line, on stdout."""
    print(json.dumps(value))


def fail(why):
    """One sentence on stderr, and exit code 1."""
    print(f"error: {why}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["health"]:
            health()
        case ["get", order_id]:
            get(order_id)
        case _:
            print("usage: health | get ID", file=sys.stderr)
            sys.exit(2)
