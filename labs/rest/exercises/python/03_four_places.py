"""rest/03: four places for data: the path, the query, a header, the body.

`cargo lab show rest/03` has the task. This is Flask; any other framework will do
as well.
"""
# pip install flask

import os

from flask import Flask, abort, jsonify, request

app = Flask(__name__)


@app.route("/demo/<path_demo>", methods=["POST"])
def demo(path_demo):
    # Here is your part. `request` has the query, the headers, and the body as it was
    # sent. 501 says that nobody has written this yet.
    return "", 501


if __name__ == "__main__":
    # Where to listen is told by whoever starts the program.
    host, port = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080").rsplit(":", 1)
    app.run(host=host, port=int(port))
