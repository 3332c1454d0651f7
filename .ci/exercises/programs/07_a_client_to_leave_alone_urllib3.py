"""rest/07 with urllib3, whose own retries are off: they know nothing of a POST that may be placed."""

import argparse
import json
import os
import random
import sys
import time

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError

ORDERS = f"http://{os.environ.get('LAB_REST_ADDR', '127.0.0.1:8080')}/v1/orders"
http = urllib3.PoolManager(timeout=urllib3.Timeout(total=1), retries=False)


def call(method, url, body=None, headers={}):
    """The answer, and whether an earlier one was lost."""
    lost = False
    attempt = 1
    while True:
        pause = random.uniform(0.21, 0.39) * 2 ** (attempt - 1)
        try:
            answer = http.request(method, url, json=body, headers=headers)
            if answer.status not in (429, 503):
                return answer, lost
            problem = f"the server says {answer.status}"
            retry_after = answer.headers.get("retry-after")
            if retry_after is None and method == "POST" or retry_after and int(retry_after) > 5:
                sys.exit(problem)
            if retry_after:
                pause = int(retry_after) + random.uniform(0.1, 0.4)
        except NewConnectionError as error:
            problem = f"not sent: {error}"
        except HTTPError as error:
            if method == "POST":
                sys.exit("unknown: it may be placed")
            lost, problem = True, str(error)
        if attempt == 4:
            sys.exit(problem)
        time.sleep(pause)
        attempt += 1


def body_of(answer):
    if answer.status >= 300:
        sys.exit(f"the server says {answer.status}")
    return answer.data.decode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["get", "create", "update", "delete"])
    parser.add_argument("id", nargs="?")
    parser.add_argument("--created-by")
    parser.add_argument("--equipment", action="append")
    parser.add_argument("--version")
    args = parser.parse_args()
    url = f"{ORDERS}/{args.id}"
    match args.verb:
        case "get":
            print(body_of(call("GET", url)[0]))
        case "create":
            print(body_of(call("POST", ORDERS, {"created_by": args.created_by, "equipment": args.equipment})[0]))
        case "delete":
            answer, lost = call("DELETE", url)
            if not (lost and answer.status == 404):
                body_of(answer)
        case "update":
            answer, lost = call("PUT", url, {"equipment": args.equipment}, {"If-Match": f'"{args.version}"'})
            if lost and answer.status == 412:
                answer, _ = call("GET", url)
                if json.loads(body_of(answer))["equipment"] != args.equipment:
                    sys.exit("somebody else was faster")
            print(body_of(answer))


if __name__ == "__main__":
    main()
