"""kafka/01: send a record for each order, and know that it arrived, with confluent-kafka."""

import json
import os
import sys

from confluent_kafka import KafkaException, Producer

# In milliseconds, from `produce` to the report: the library tries again for five minutes
# unless it is told otherwise.
PATIENCE = 5000


def main():
    topic = os.environ.get("LAB_TOPIC", "lab.orders")
    producer = Producer({
        "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092"),
        # All replicas in sync have it before it counts as delivered.
        "acks": "all",
        "message.timeout.ms": PATIENCE,
    })
    failed = []

    def fail(what, why):
        failed.append(what)
        print(f"{what} is not delivered: {why}", file=sys.stderr)

    def report(error, record):
        # Called by `poll` and `flush`, once for each record.
        if error is not None:
            fail(f"order {record.key().decode()}", error)

    for number, line in enumerate(sys.stdin.buffer, 1):
        order_id = id_of(line)
        if order_id is None:
            fail(f"line {number}", "it is no order")
            continue
        try:
            # Into a queue in this program, and nowhere else.
            producer.produce(topic, key=order_id, value=line.strip(), on_delivery=report)
        except (KafkaException, BufferError) as error:
            # It didn't even get there: too large, or the queue is full.
            fail(f"order {order_id}", error)
        producer.poll(0)
    # Until each has its report, which PATIENCE bounds.
    producer.flush()
    sys.exit(1 if failed else 0)


def id_of(line):
    """The id of an order; `None` if the line is none."""
    try:
        order_id = json.loads(line)["id"]
    except (ValueError, KeyError, TypeError):
        return None
    return order_id if isinstance(order_id, str) else None


if __name__ == "__main__":
    main()
