"""rest/07: a client that tries again where that can do no harm, with requests."""

import argparse
import json
import os
import random
import sys
import time

import requests
from urllib3.exceptions import NewConnectionError

SERVER = os.environ.get("LAB_REST_ADDR", "127.0.0.1:8080")
ORDERS = f"http://{SERVER}/v1/orders"
ATTEMPTS = 4
# In seconds.
PATIENCE = 1
FIRST_WAIT = 0.2
LONGEST_RETRY_AFTER = 5


class Failed(Exception):
    """What is said on stderr."""


def main():
    args = arguments()
    try:
        done = carry_out(args)
    except Failed as why:
        # `sys.exit` with a text: on stderr, and exit code 1.
        sys.exit(str(why))
    print(json.dumps(done))


def arguments():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    get, create = verbs.add_parser("get"), verbs.add_parser("create")
    update, delete = verbs.add_parser("update"), verbs.add_parser("delete")
    for verb in (get, update, delete):
        verb.add_argument("id")
    for verb in (create, update):
        verb.add_argument("--equipment", action="append", required=True)
    create.add_argument("--created-by", required=True)
    update.add_argument("--version", type=int, required=True)
    return parser.parse_args()


def carry_out(args):
    if args.verb == "create":
        order = {"created_by": args.created_by, "equipment": args.equipment}
        return success(send("POST", ORDERS, json=order)[0])
    url = f"{ORDERS}/{args.id}"
    if args.verb == "get":
        return success(send("GET", url)[0])
    if args.verb == "delete":
        answer, lost = send("DELETE", url)
        # After a lost answer, "there is no such order" says that it was done.
        if not (lost and answer.status_code == 404):
            success(answer)
        return {"deleted": args.id}
    wanted = {"equipment": args.equipment}
    answer, lost = send("PUT", url, json=wanted, headers={"If-Match": f'"{args.version}"'})
    if lost and answer.status_code == 412:
        # The version isn't that any more: the lost attempt has changed it, or somebody else.
        order = success(send("GET", url)[0])
        if order.get("equipment") != args.equipment:
            raise Failed("somebody else has changed the order")
        return order
    return success(answer)


def send(method, url, **request):
    """The answer of the last attempt, and whether that of an earlier one was lost."""
    lost = False
    for number in range(1, ATTEMPTS + 1):
        wait = back_off(number)
        try:
            answer = requests.request(method, url, timeout=PATIENCE, **request)
        except requests.RequestException as error:
            why = str(error)
            if was_sent(error):
                if method == "POST":
                    raise Failed(f"unknown: it may be placed ({why})")
                lost = True
        else:
            if answer.status_code not in (429, 503):
                return answer, lost
            why = f"the server answers {answer.status_code}"
            after = answer.headers.get("Retry-After", "")
            if after.isdigit() and int(after) <= LONGEST_RETRY_AFTER:
                # Not before, and not all in the same moment either.
                wait = int(after) + random.uniform(0, 0.5)
            elif after or method == "POST":
                raise Failed(why)
        if number < ATTEMPTS:
            time.sleep(wait)
    raise Failed(f"given up after {ATTEMPTS} attempts: {why}")


def was_sent(error):
    """Not if there was no connection: then the server has seen nothing of it."""
    cause = error.args[0] if error.args else None
    return not isinstance(getattr(cause, "reason", None), NewConnectionError)


def back_off(number):
    """Longer each time, and a random part of it: else all who failed together come back together."""
    return random.uniform(1, 2) * FIRST_WAIT * 2 ** (number - 1)


def success(answer):
    if not answer.ok:
        raise Failed(f"the server answers {answer.status_code}")
    return answer.json() if answer.content else None


if __name__ == "__main__":
    main()
