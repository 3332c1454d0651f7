"""The Python solutions of gRPC's exercises on servers that few have: right, all of them.

    odd_grpc.py STYLE EXERCISE
"""

import asyncio
import importlib.util
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from orders.v1 import orders_pb2_grpc

STYLE, EXERCISE = sys.argv[1:]
ADDRESS = os.environ.get("LAB_GRPC_ADDR", "127.0.0.1:50051")
LAB = Path.cwd() / "labs/grpc/solutions/python"
# Field 99, of which this schema knows nothing.
UNKNOWN_FIELD = bytes([0x98, 0x06, 0x01])


def solution():
    [path] = LAB.glob(f"{EXERCISE.removeprefix('grpc/')}_*.py")
    spec = importlib.util.spec_from_file_location("solution", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.OrderService()


class Odd(grpc.ServerInterceptor):
    """Around each call."""

    def intercept_service(self, continuation, details):
        handler = continuation(details)

        def call(request, context):
            if STYLE == "headers before all":
                context.send_initial_metadata((("x-answered-by", "odd"), ("x-bytes-bin", b"\x00\xff")))
            if STYLE == "more trailers":
                context.set_trailing_metadata((("x-took", "1ms"), ("x-bytes-bin", b"\x00\xff")))
            answer = handler.unary_unary(request, context)
            if STYLE == "more fields":
                for message in [answer, *(value for _, value in answer.ListFields())]:
                    message.MergeFromString(UNKNOWN_FIELD)
            return answer

        return grpc.unary_unary_rpc_method_handler(call, handler.request_deserializer, handler.response_serializer)


async def on_asyncio():
    server = grpc.aio.server(migration_thread_pool=ThreadPoolExecutor(4))
    orders_pb2_grpc.add_OrderServiceServicer_to_server(solution(), server)
    server.add_insecure_port(ADDRESS)
    await server.start()
    await server.wait_for_termination()


def main():
    if STYLE == "asyncio":
        return asyncio.run(on_asyncio())
    if STYLE == "a slow start":
        time.sleep(2)
    compression = grpc.Compression.Gzip if STYLE == "would compress" else None
    options = {
        "one stream at a time": [("grpc.max_concurrent_streams", 1)],
        "small windows": [("grpc.http2.lookahead_bytes", 0), ("grpc.http2.bdp_probe", 0)],
    }.get(STYLE)
    threads = 1 if STYLE == "one after the other" else 10
    server = grpc.server(ThreadPoolExecutor(threads), interceptors=[Odd()], options=options, compression=compression)
    orders_pb2_grpc.add_OrderServiceServicer_to_server(solution(), server)
    server.add_insecure_port(ADDRESS)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
