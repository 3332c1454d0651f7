"""A client on plain sockets for rest/02 and 07: right, in a style that few have.

    odd_client.py STYLE EXERCISE VERB …
"""

import argparse
import functools
import hashlib
import json
import os
import pathlib
import random
import socket
import sys
import tempfile
import time

STYLE, EXERCISE, *ARGUMENTS = sys.argv[1:]
ADDRESS = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080")
PATIENCE = 2 if EXERCISE == "rest/02" else 1
MOST = 1024 * 1024


class NotSent(Exception):
    """There was no connection."""


class Lost(Exception):
    """There was no whole answer."""


def exchange(method, path, body=b"", more={}):
    """Status, headers and body of one answer."""
    host, port = ADDRESS.rsplit(":", 1)
    end = time.monotonic() + PATIENCE
    try:
        connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
    except OSError as error:
        raise NotSent(error)
    with connection:
        try:
            stream = connection.makefile("rb")
            connection.sendall(asked(method, path, body, more))
            if body and STYLE == "Expect: 100-continue":
                status, *_ = head(stream)
                connection.sendall(body) if status == 100 else None
            return answer(stream, connection, end)
        except (OSError, ValueError) as error:
            raise Lost(error)


def asked(method, path, body, more):
    headers = {"Host": ADDRESS, **more}
    if STYLE != "keep-alive":
        headers["Connection"] = "close"
    if body:
        headers |= {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(body))}
    version, sent = "HTTP/1.1", body
    match STYLE:
        case "HTTP/1.0":
            version = "HTTP/1.0"
        case "names in capitals":
            headers = {name.upper(): value for name, value in headers.items()}
        case "the whole address":
            path = f"http://{ADDRESS}{path}"
        case "Expect: 100-continue" if body:
            headers["Expect"], sent = "100-continue", b""
        case "chunks of one byte" if body:
            del headers["Content-Length"]
            headers["Transfer-Encoding"] = "chunked"
            sent = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + sent


def head(stream):
    line = stream.readline()
    if not line:
        raise ValueError("no answer")
    headers = {}
    while pair := stream.readline().decode("latin-1").strip():
        name, _, value = pair.partition(":")
        headers[name.lower()] = value.strip()
    return int(line.split()[1]), headers


def answer(stream, connection, end):
    status = 100
    while status < 200:
        status, headers = head(stream)
    body = b""
    chunked = headers.get("transfer-encoding") == "chunked"
    left = None if chunked else int(headers["content-length"]) if "content-length" in headers else MOST + 2
    if status == 204:
        left = 0
    while chunked or left:
        if chunked:
            left = int(stream.readline().split(b";")[0], 16)
        piece = stream.read1(min(left, 65536)) if not chunked else stream.read(left)
        if chunked and (stream.readline(), left)[1] == 0:
            break
        if not piece and "content-length" not in headers and not chunked:
            break
        if not piece or time.monotonic() > end or len(piece) < left and chunked:
            raise ValueError("cut off")
        body += piece
        left -= len(piece)
        if len(body) > MOST:
            raise ValueError("too large")
    return status, headers, body


def show(value):
    text = {"pretty": json.dumps(value, indent=3), "escaped": json.dumps(value)}.get(STYLE)
    text = text or json.dumps(value, ensure_ascii=False, sort_keys=True)
    encoding = {"UTF-16LE": "utf-16-le", "UTF-16BE": "utf-16-be"}.get(STYLE, "utf-8")
    mark = "\ufeff" if STYLE in ("UTF-16LE", "UTF-16BE", "a byte order mark") else ""
    end = {"CRLF": "\r\n", "no line end": ""}.get(STYLE, "\n")
    sys.stdout.buffer.write((mark + text + end).encode(encoding))


def log(*words):
    if STYLE == "a log on stderr":
        for number in range(40):
            print(number, "DEBUG", *words, file=sys.stderr)


def ask_once(verb, order_id=None):
    status, headers, body = exchange("GET", "/health" if verb == "health" else f"/v1/orders/{order_id}")
    if status != 200 or headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ValueError(f"{status} {headers.get('content-type')}")
    show(json.loads(body))


def send(method, path, body=None, more={}):
    """The answer, and whether one before it was lost."""
    lost, sent = False, json.dumps(body).encode() if body else b""
    for attempt in range(4):
        wait = random.uniform(0.21, 0.39) * 2**attempt
        try:
            status, headers, found = exchange(method, path, sent, more)
            if status not in (429, 503):
                if STYLE == "held up for a second" and held_up():
                    held_up().pop()
                    time.sleep(PATIENCE)
                    raise Lost("too late")
                return status, found, lost
            why, after = f"status {status}", headers.get("retry-after")
            if after is None and method == "POST" or after and int(after) > 5:
                break
            wait = int(after) + random.uniform(0.05, 0.7) if after else wait
        except NotSent as error:
            why = error
        except Lost as error:
            if method == "POST":
                raise ValueError(f"unknown: it may be placed, {error}")
            lost, why = True, error
        log(why)
        if attempt < 3:
            time.sleep(wait)
    raise ValueError(why)


@functools.cache
def held_up():
    """As by a busy machine: some runs, and not again when the same is run once more. Pop it: once is enough."""
    told = hashlib.sha256("\0".join(ARGUMENTS).encode()).hexdigest()
    mark = pathlib.Path(tempfile.gettempdir(), f"held-up-{told}")
    if mark.exists():
        mark.unlink()
    elif told[0] in "0123":
        mark.touch()
        return [True]
    return []


def carry_out():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb")
    parser.add_argument("id", nargs="?")
    parser.add_argument("--created-by")
    parser.add_argument("--equipment", action="append")
    parser.add_argument("--version")
    args = parser.parse_args(ARGUMENTS)
    path, wanted = f"/v1/orders/{args.id}", {"equipment": args.equipment}
    if args.verb == "create":
        status, body, lost = send("POST", "/v1/orders", {"created_by": args.created_by, **wanted})
    elif args.verb == "update":
        status, body, lost = send("PUT", path, wanted, {"If-Match": f'"{args.version}"'})
        if lost and status == 412:
            status, body, lost = send("GET", path)
            if json.loads(body)["equipment"] != args.equipment:
                raise ValueError("somebody else was there")
    else:
        status, body, lost = send({"get": "GET", "delete": "DELETE"}[args.verb], path)
        if args.verb == "delete" and (status == 204 or lost and status == 404):
            return show({"deleted": args.id})
    if status >= 300:
        raise ValueError(f"status {status}")
    show(json.loads(body))


if __name__ == "__main__":
    log("begins")
    try:
        ask_once(*ARGUMENTS) if EXERCISE == "rest/02" else carry_out()
    except (NotSent, Lost, ValueError) as error:
        print(error, file=sys.stderr)
        log("ends")
        sys.exit(1)
