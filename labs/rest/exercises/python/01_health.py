"""rest/01: answer GET /health in JSON.

`cargo lab show rest/01` has the task. This is Flask; any other framework will do
as well.
"""
# pip install flask

import os

from flask import Flask, jsonify

app = Flask(__name__)


@app.route("/health", methods=["GET"])
def health():
    # Here is your part: 501 says that nobody has written this yet.
    return "", 501


if __name__ == "__main__":
    # Where to listen is told by whoever starts the program.
    host, port = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080").rsplit(":", 1)
    app.run(host=host, port=int(port))
