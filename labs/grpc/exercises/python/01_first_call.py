"""grpc/01: serve CreateOrder and GetOrder of orders.v1.OrderService.

`cargo lab show grpc/01` has the task. The code for messages and the service is made from the
contract, once, into this file's folder; from the root of the repository, with this file in mine/:

    python3 -m grpc_tools.protoc -I proto --python_out=mine --grpc_python_out=mine orders/v1/orders.proto
"""
# pip install grpcio grpcio-tools  # see the file's top

import logging
import os
import threading
import uuid
from concurrent import futures

import grpc

# Made by the command at the top: until it has run there is "No module named 'orders'".
from orders.v1 import orders_pb2, orders_pb2_grpc

# The server has a pool of threads: whoever touches the orders takes the lock.
orders = {}
lock = threading.Lock()


class OrderService(orders_pb2_grpc.OrderServiceServicer):
    def CreateOrder(self, request, context):
        # Here is your part: `request.equipment` is a list of numbers, as they came. Look at them,
        # make an `orders_pb2.Order`, keep it, and answer `orders_pb2.CreateOrderResponse(order=…)`.
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "nobody has written CreateOrder yet")

    def GetOrder(self, request, context):
        # And here. `abort` raises: nothing after it runs.
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "nobody has written GetOrder yet")


if __name__ == "__main__":
    # What your methods raise is told on stderr, and not to the client alone.
    logging.basicConfig()
    # Where to listen is told by whoever starts the program.
    address = os.environ.get("LAB_GRPC_ADDR", "127.0.0.1:50051")
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    orders_pb2_grpc.add_OrderServiceServicer_to_server(OrderService(), server)
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()
