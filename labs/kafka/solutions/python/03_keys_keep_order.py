"""kafka/03: events of orders, under the key that keeps each order's in their order, with confluent-kafka."""

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
        "message.timeout.ms": PATIENCE,
        # What is sent again after an error doesn't overtake, nor come twice.
        "enable.idempotence": True,
        # As Java's producer does it. librdkafka's default is another rule.
        "partitioner": "murmur2_random",
    })
    failed = []

    def report(error, record):
        if error is not None:
            failed.append(record.value())
            print(f"{record.value().decode()} is not delivered: {error}", file=sys.stderr)

    for line in sys.stdin.buffer:
        event = json.loads(line)
        # One after the other: the queue keeps the order in which they are put there.
        producer.produce(topic, key=key_of(event), value=line.strip(), on_delivery=report)
        producer.poll(0)
    # Until each has its report, which PATIENCE bounds.
    producer.flush()
    sys.exit(1 if failed else 0)


def key_of(event):
    """What the event is about, in one spelling: a key is compared byte by byte."""
    return event["order_id"].lower()


if __name__ == "__main__":
    try:
        main()
    except (ValueError, KeyError, KafkaException, BufferError) as error:
        sys.exit(f"can't send it: {error!r}")
