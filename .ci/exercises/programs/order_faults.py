"""The rules of rest/05, for the programs here that differ in their frameworks only."""

from collections import Counter

KINDS = ("KEYBOARD", "MOUSE", "WEBCAM", "MONITOR")


def faults(order):
    """Pairs of a JSON pointer and what is wrong there."""
    if not isinstance(order, dict):
        yield "#", "must be an object"
        return
    rules = {"created_by": is_name, "desk": is_desk, "equipment": is_list}
    for name in order.keys() - rules.keys():
        yield "#/" + name.replace("~", "~0").replace("/", "~1"), "is unknown"
    for name, holds in rules.items():
        if name not in order:
            yield f"#/{name}", "is required"
        elif not holds(order[name]):
            yield f"#/{name}", "isn't as it should be"
    if is_list(order.get("equipment")):
        yield from item_faults(order["equipment"])


def item_faults(equipment):
    seen = Counter()
    for index, item in enumerate(equipment):
        known = isinstance(item, str) and item in KINDS
        if known:
            seen[item] += 1
        if not known or seen[item] > 2:
            yield f"#/equipment/{index}", "is one too many" if known else "is no kind of equipment"


def is_name(value):
    return isinstance(value, str) and 1 <= len(value) <= 64


def is_desk(value):
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 999


def is_list(value):
    return isinstance(value, list) and len(value) > 0
