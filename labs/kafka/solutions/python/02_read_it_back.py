"""kafka/02: read a topic to the end that was there at the start, with confluent-kafka."""

import json
import os
import sys

from confluent_kafka import Consumer, KafkaException, TopicPartition

# In seconds, for an answer about the topic. The library would ask for ever.
PATIENCE = 5


def main():
    topic = os.environ.get("LAB_TOPIC", "lab.orders")
    consumer = Consumer({
        "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092"),
        "group.id": os.environ.get("LAB_GROUP", "mine"),
        # Where a group begins that is nowhere yet: by default at the end.
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    })
    try:
        ends = ends_of(consumer, topic)
        if ends:
            read(consumer, topic, ends)
    except KafkaException as error:
        sys.exit(f"can't read {topic}: {error}")
    finally:
        # It leaves the group, so that the next member needn't wait.
        consumer.close()


def ends_of(consumer, topic):
    """Where each partition ends in which the group has something to read."""
    partitions = consumer.list_topics(topic, timeout=PATIENCE).topics[topic].partitions
    places = consumer.committed([TopicPartition(topic, number) for number in partitions], timeout=PATIENCE)
    ends = {}
    for place in places:
        first, end = consumer.get_watermark_offsets(place, timeout=PATIENCE)
        # A group without an offset of its own is at the first.
        if (place.offset if place.offset >= 0 else first) < end:
            ends[place.partition] = end
    return ends


def read(consumer, topic, ends):
    consumer.subscribe([topic])
    while ends:
        record = consumer.poll(1)
        if record is None:
            # Silence says nothing: the group may still be forming, the broker slow.
            continue
        if record.error():
            raise KafkaException(record.error())
        # Also what came later: it is committed below, and would be lost to this group.
        print(json.dumps({
            "partition": record.partition(),
            "offset": record.offset(),
            "key": text(record.key()),
            "value": text(record.value()),
        }))
        if record.offset() + 1 >= ends.get(record.partition(), float("inf")):
            del ends[record.partition()]
    consumer.commit(asynchronous=False)


def text(data):
    return None if data is None else data.decode()


if __name__ == "__main__":
    main()
