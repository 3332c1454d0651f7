"""kafka/01: send a record for each order, and know that it arrived.

`cargo lab show kafka/01` has the task. This is confluent-kafka; any other
client will do as well.
"""
# pip install confluent-kafka

import json
import os
import sys

from confluent_kafka import KafkaException, Producer

# Where the broker is, and which topic, is told by whoever starts the program.
TOPIC = os.environ.get("LAB_TOPIC", "lab.orders")
PRODUCER = Producer({"bootstrap.servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092")})


def send(order_id, line):
    """Sends the order whose JSON is `line`."""
    # Here is your part. `PRODUCER.produce(…)` puts a record into a queue in this program:
    # when is it there? And how long does a producer wait for a broker, if nobody says?
    sys.exit(f"nobody has written yet how to send {order_id} to {TOPIC}")


def main():
    for number, line in enumerate(sys.stdin.buffer, 1):
        # What if a line is no order?
        order = json.loads(line)
        send(order["id"], line.strip())


if __name__ == "__main__":
    main()
