"""kafka/02: read a topic to the end that was there at the start.

`cargo lab show kafka/02` has the task. This is confluent-kafka; any other
client will do as well.
"""
# pip install confluent-kafka

import json
import os
import sys

from confluent_kafka import Consumer, KafkaException, TopicPartition

# Where the broker is, which topic, and as whom to read it, is told by whoever starts the program.
TOPIC = os.environ.get("LAB_TOPIC", "lab.orders")
CONSUMER = Consumer({
    "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092"),
    "group.id": os.environ.get("LAB_GROUP", "mine"),
})


def read():
    """Prints what the group hasn't read yet, up to where the topic ends now."""
    # Here is your part. `poll` gives one record, or None for now. Where is the end? And
    # where does a new group begin?
    record = CONSUMER.poll(1)
    if record is not None and record.error() is None:
        show(record)
    sys.exit(f"nobody has written yet how to read {TOPIC} to its end")


def show(record):
    """A record as a line on stdout."""
    print(json.dumps({
        "partition": record.partition(),
        "offset": record.offset(),
        "key": record.key().decode(),
        "value": record.value().decode(),
    }))


if __name__ == "__main__":
    CONSUMER.subscribe([TOPIC])
    try:
        read()
    finally:
        CONSUMER.close()
