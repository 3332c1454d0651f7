"""rest/03: the four places of a request that hold data, with Flask."""

import os

from flask import Flask, abort, jsonify, request

app = Flask(__name__)


# The router decodes the path; `args` decodes the query, by the rules of forms.
@app.post("/demo/<path_demo>")
def demo(path_demo):
    param = request.args.get("param_demo")
    header = request.headers.get("header-demo")
    # `not param` would take the empty text for none.
    if param is None or header is None:
        abort(400, "param_demo and header-demo are needed")
    # `request.data` would be empty for a form: Flask has parsed it by then.
    body = request.get_data(as_text=True)
    return jsonify(result={"path": path_demo, "param": param, "header": header, "body": body})


if __name__ == "__main__":
    host, port = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080").rsplit(":", 1)
    app.run(host, int(port))
