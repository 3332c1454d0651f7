"""rest/02: ask, look at what came, and print it, with requests."""

import json
import os
import sys

import requests

# In seconds, for each wait: a server that falls silent must not stop its callers too.
PATIENCE = 2
# In bytes. Whoever answers decides how much is sent, and we how much is read.
MOST = 1024 * 1024


class Refused(Exception):
    """An answer that is none."""


def main(args):
    match args:
        case ["health"]:
            path = "/health"
        case ["get", order_id]:
            path = f"/v1/orders/{order_id}"
        case _:
            print("usage: health | get ID", file=sys.stderr)
            sys.exit(2)
    server = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080")
    try:
        value = fetch(f"http://{server}{path}")
    except (requests.RequestException, Refused, ValueError) as error:
        # `sys.exit` with a text: on stderr, and exit code 1.
        sys.exit(f"no answer: {error}")
    print(json.dumps(value))


def fetch(url):
    """The JSON at `url`, if that is what comes."""
    # `stream`: else requests reads to the end, wherever that is.
    with requests.get(url, timeout=PATIENCE, stream=True, allow_redirects=False) as answer:
        if answer.status_code != 200:
            raise Refused(f"status {answer.status_code}")
        # What may follow the semicolon, such as a charset, doesn't change what it is.
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise Refused(f"it is {media_type or 'nothing that has a type'}, and not JSON")
        body = b""
        for piece in answer.iter_content(64 * 1024):
            body += piece
            if len(body) > MOST:
                raise Refused(f"more than {MOST} bytes")
    # `loads` guesses the encoding of bytes; JSON is UTF-8 (RFC 8259 §8.1).
    return json.loads(body.decode())


if __name__ == "__main__":
    main(sys.argv[1:])
