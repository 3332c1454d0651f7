"""rest/01: `GET /health` in JSON, with Flask."""

import os

from flask import Flask, jsonify

app = Flask(__name__)


# `get` also answers HEAD, and refuses every other method with 405 and `Allow`.
@app.get("/health")
def health():
    # `jsonify` sets the content type as well as the body.
    return jsonify(status="ok")


if __name__ == "__main__":
    host, port = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080").rsplit(":", 1)
    app.run(host, int(port))
