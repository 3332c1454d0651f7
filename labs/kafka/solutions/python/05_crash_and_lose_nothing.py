"""kafka/05: have an effect for each record, and commit what is done, with confluent-kafka."""

import http.client
import json
import os
import signal
import sys
import threading
from urllib.parse import urlsplit, urlunsplit

from confluent_kafka import Consumer, KafkaError, KafkaException

# In seconds: between two attempts, and for an answer to one.
BREATH, PATIENCE = 0.5, 30


def main():
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    consumer = Consumer({
        "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092"),
        "group.id": os.environ.get("LAB_GROUP", "mine"),
        "auto.offset.reset": "earliest",
        # For so long the partitions of one that was killed wait for it.
        "session.timeout.ms": 6000,
        # Every 5 seconds it commits what is stored. By default that is whatever was handed out.
        "enable.auto.offset.store": False,
    })
    consumer.subscribe([os.environ.get("LAB_TOPIC", "lab.orders")])
    try:
        while not stop.is_set():
            work(consumer, stop)
        # What was stored since the last commit. Nobody would wait for an asynchronous one.
        commit(consumer)
    finally:
        # It leaves the group, so that the next member needn't wait.
        consumer.close()


def work(consumer, stop):
    # Not for ever: Python calls its signal handlers between two polls.
    record = consumer.poll(0.2)
    if record is None:
        return
    if record.error():
        # librdkafka looks for its broker by itself.
        print(record.error(), file=sys.stderr)
        return
    while not has_effect(record.value()):
        # The next record waits as well: after this one comes what happened after it.
        if stop.wait(BREATH):
            # It isn't done, and so not stored: the group will get it again.
            return
    print(json.dumps({
        "partition": record.partition(),
        "offset": record.offset(),
        "key": text(record.key()),
        "value": text(record.value()),
    }), flush=True)
    try:
        # From here on it may be committed.
        consumer.store_offsets(record)
    except KafkaException as error:
        # Its partition was taken away meanwhile: then the group gets it again, too.
        print(error, file=sys.stderr)


def has_effect(value):
    url = urlsplit(os.environ.get("LAB_EFFECT_URL", "http://127.0.0.1:8082/effect"))
    connection = http.client.HTTPConnection(url.netloc, timeout=PATIENCE)
    try:
        target = urlunsplit(("", "", url.path or "/", url.query, ""))
        connection.request("POST", target, body=value or b"", headers={"Content-Type": "application/json"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        status = error
    finally:
        connection.close()
    if status in range(200, 300):
        return True
    print(f"{url.geturl()}: {status!r}", file=sys.stderr)
    return False


def commit(consumer):
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as error:
        if error.args[0].code() != KafkaError._NO_OFFSET:
            raise


def text(data):
    return None if data is None else data.decode(errors="replace")


if __name__ == "__main__":
    main()
