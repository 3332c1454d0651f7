"""confluent-kafka against a broker: produce, read as a group, commit, lag.

broker_client.py ADDRESS TOPIC [--create]   the topic has 3 partitions
"""

import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

COUNT = 30


def create(address, *names):
    # It must live until all is done.
    admin = AdminClient({"bootstrap.servers": address})
    for future in admin.create_topics([NewTopic(name, num_partitions=3) for name in names]).values():
        future.result(timeout=30)


def produce(address, topic):
    failed = []
    producer = Producer({"bootstrap.servers": address, "enable.idempotence": True})
    for number in range(COUNT):
        producer.produce(
            topic,
            key=str(number),
            value=str(number),
            partition=number % 3,
            headers={"number": str(number)},
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
    assert producer.flush(30) == 0, "not all were delivered in time"
    assert not failed, failed


def read(address, topic, protocol):
    config = {
        "bootstrap.servers": address,
        "group.id": f"{topic}-{protocol}",
        "group.protocol": protocol,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    consumer = Consumer(config)
    consumer.subscribe([topic])
    seen, deadline = [], time.monotonic() + 30
    while len(seen) < COUNT and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None:
            assert message.error() is None, message.error()
            assert message.headers() == [("number", message.value())], message.headers()
            seen.append(int(message.value()))
    assert sorted(seen) == list(range(COUNT)), f"{protocol}: {sorted(seen)}"
    assert lag(consumer, topic) == COUNT, "nothing is committed yet"
    consumer.commit(asynchronous=False)
    assert lag(consumer, topic) == 0, "all is committed"
    consumer.close()


def lag(consumer, topic):
    total = 0
    for partition in consumer.committed([TopicPartition(topic, number) for number in range(3)], timeout=10):
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition.partition), timeout=10)
        total += high - (partition.offset if partition.offset >= 0 else low)
    return total


def main():
    address, topic = sys.argv[1:3]
    if "--create" in sys.argv:
        create(address, topic, f"{topic}-kcat")
    produce(address, topic)
    for protocol in ("consumer", "classic"):
        read(address, topic, protocol)


main()
