"""A server on plain sockets for rest/01, 03, 04 and 05: right, in a style that few have.

    odd_server.py STYLE EXERCISE
"""

import json
import os
import socket
import sys
import threading
import time
from http.client import responses
from urllib.parse import parse_qs, quote, unquote, urlsplit

from order_faults import faults

STYLE, EXERCISE = sys.argv[1:]
ADDRESS = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080")
orders, lock = {}, threading.Lock()


class Answer(Exception):
    """A status, what is to be JSON, and headers."""


def refuse(status, **more):
    raise Answer(status, {"title": responses[status], "status": status, "detail": "it can't be", **more}, {})


def health(method, path, query, headers, body):
    if path != "/health":
        refuse(404)
    if method not in ("GET", "HEAD"):
        refuse(405)
    return 200, {"status": "ok"}, {}


def four_places(method, path, query, headers, body):
    param = parse_qs(query, keep_blank_values=True).get("param_demo")
    if not path.startswith("/demo/") or method != "POST":
        refuse(404)
    if param is None or "header-demo" not in headers:
        refuse(422)
    segment = unquote(path.removeprefix("/demo/"))
    return 200, {"result": {"path": segment, "param": param[0], "header": headers["header-demo"], "body": body}}, {}


def draft(headers, body):
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        refuse(415)
    try:
        return json.loads(body)
    except ValueError:
        refuse(400)


def place_an_order(method, path, query, headers, body):
    if path == "/v1/orders" and method == "GET":
        return 200, {"orders": [*orders.values()][::-1]}, {}
    if path == "/v1/orders" and method == "POST":
        new = draft(headers, body)
        with lock:
            new["id"] = name_of(len(orders) + 1)
            orders[str(new["id"])] = new
        return 201, new, {"Location": location(str(new["id"]))}
    if (found := orders.get(unquote(path.removeprefix("/v1/orders/")))) is None:
        refuse(404)
    return 200, found, {}


def name_of(number):
    return {"encoded ids": f"é/{number} €", "numbers": 10**15 + number}.get(STYLE, f"order-{number}")


def location(order_id):
    encoded = quote(order_id, safe="")
    if STYLE == "encoded ids":
        encoded = encoded.lower()
    begin = {"absolute": f"http://{ADDRESS}/v1/orders/", "no scheme": f"//{ADDRESS}/v1/orders/", "relative": "orders/",
             "dots": "./../v1/orders/"}
    return begin.get(STYLE, "/v1/orders/") + encoded


def say_no(method, path, query, headers, body):
    if path != "/v1/orders":
        refuse(404)
    if method != "POST":
        problem = {"title": "No", "status": 405, "detail": "POST it", "type": "about:blank"}
        raise Answer(405, problem, {"Allow": "OPTIONS ,POST"})
    order = draft(headers, body)
    errors = [{"pointer": pointer, "detail": detail, "code": 7} for pointer, detail in faults(order)]
    if errors:
        refuse(422, errors=errors[::-1])
    return 201, order, {}


def spelled(value):
    """As JSON, in the style."""
    if STYLE == "more fields":
        value = {"_links": {"self": [None, 1e-3]}, **value, "meta": {"id": "x", "orders": 1, "status": "?"}}
    if STYLE == "pretty":
        return json.dumps(value, indent=7, sort_keys=True, separators=(" ,", "\t:  ")).replace("\n", "\r\n") + "\r\n"
    if STYLE == "escaped":
        return escaped(value)
    return json.dumps(value, ensure_ascii=False) + ("\n\n" if STYLE == "new lines behind" else "")


def escaped(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"{escaped(k)}:{escaped(v)}" for k, v in reversed(value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(escaped, value)) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    units = value.encode("utf-16-be")
    return '"' + "".join(f"\\u{units[at]:02X}{units[at + 1]:02x}" for at in range(0, len(units), 2)) + '"'


def written(status, value, headers, method):
    """The whole answer, in pieces."""
    body = spelled(value).encode()
    kind = "application/problem+json" if EXERCISE == "rest/05" and status >= 400 else "application/json"
    headers = {"Content-Type": kind, "Content-Length": str(len(body)), **headers}
    version, reason = "HTTP/1.1", responses[status]
    match STYLE:
        case "HTTP/1.0":
            version = "HTTP/1.0"
            del headers["Content-Length"]
        case "no length":
            del headers["Content-Length"]
        case "Connection: close":
            headers["Connection"] = "close"
        case "charset":
            headers["Content-Type"] += ";charset=UTF-8"
        case "media type in capitals":
            headers["Content-Type"] = f"{kind.title()} ; Charset=\"utf-8\""
        case "names in capitals":
            headers = {name.upper(): value for name, value in headers.items()}
        case "names in lower case":
            headers = {name.lower(): value for name, value in headers.items()}
        case "more headers":
            headers = {"X-1": "", "Set-Cookie": "a=b", "Link": "</x>; rel=next", **headers, "ETag": 'W/"1"', "Vary": "*"}
        case "no reason":
            reason = ""
        case "chunks of one byte":
            del headers["Content-Length"]
            headers["Transfer-Encoding"] = "chunked"
    colon = ":" if STYLE == "no space" else ": "
    head = [f"{version} {status} {reason}", *(f"{name}{colon}{value}" for name, value in headers.items())]
    if STYLE == "1xx before it":
        yield b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    yield ("\r\n".join(head) + "\r\n\r\n").encode()
    if method == "HEAD":
        return
    if STYLE == "chunks of one byte":
        yield b"0001;extension=1\r\n%c\r\n" % body[0]
        yield from (b"1\r\n%c\r\n" % byte for byte in body[1:])
        yield b"0\r\nX-Trailer: 1\r\n\r\n"
    else:
        yield body


def serve(connection):
    with connection, connection.makefile("rb") as stream:
        try:
            method, target, _ = stream.readline().decode("latin-1").split()
        except ValueError:
            return
        headers = {}
        while line := stream.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0))).decode("utf-8", "replace")
        url = urlsplit(target)
        try:
            answer = HANDLERS[EXERCISE](method, url.path, url.query, headers, body)
        except Answer as refused:
            answer = refused.args
        connection.sendall(b"".join(written(*answer, method)))
        connection.shutdown(socket.SHUT_WR)


HANDLERS = {"rest/01": health, "rest/03": four_places, "rest/04": place_an_order, "rest/05": say_no}

if __name__ == "__main__":
    if STYLE == "a slow start":
        time.sleep(3)
    host, port = ADDRESS.rsplit(":", 1)
    with socket.create_server((host, int(port)), backlog=64) as listener:
        while True:
            connection, _ = listener.accept()
            if STYLE == "one after the other":
                serve(connection)
            else:
                threading.Thread(target=serve, args=(connection,), daemon=True).start()
