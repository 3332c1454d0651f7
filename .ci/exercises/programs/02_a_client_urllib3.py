"""rest/02 with urllib3."""

import json
import os
import sys

import urllib3

MOST = 1024 * 1024


def main():
    arguments = sys.argv[1:]
    if arguments == ["health"]:
        path = "/health"
    elif len(arguments) == 2 and arguments[0] == "get":
        path = f"/v1/orders/{arguments[1]}"
    else:
        sys.exit("usage: health | get ID")
    url = f"http://{os.environ.get('LAB_REST_ADDR', '127.0.0.1:8080')}{path}"
    # By itself it would try four times.
    http = urllib3.PoolManager(timeout=urllib3.Timeout(total=2), retries=False)
    try:
        answer = http.request("GET", url, preload_content=False, redirect=False)
        print(json.dumps(value_of(answer), ensure_ascii=False))
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        print(f"failed: {error}", file=sys.stderr)
        sys.exit(1)


def value_of(answer):
    if answer.status != 200:
        raise ValueError(f"{answer.status} {answer.reason}")
    media_type = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise ValueError(f"content type {media_type!r}")
    body = answer.read(MOST + 1)
    if len(body) > MOST:
        raise ValueError("the body is too large")
    return json.loads(body)


if __name__ == "__main__":
    main()
