"""grpc/01: serve CreateOrder and GetOrder of orders.v1.OrderService, with grpcio."""

import os
import threading
from concurrent import futures

import grpc

# Made from proto/ by `python3 -m grpc_tools.protoc`; the lab's README has the command.
from orders.v1 import orders_pb2, orders_pb2_grpc

# In memory: a real service would write them to a disk before it answers.
orders = {}
lock = threading.Lock()


def can_be_ordered(number):
    """What this copy of the contract has a name for, and isn't its zero."""
    return number in orders_pb2.Equipment.values() and number != orders_pb2.EQUIPMENT_UNSPECIFIED


class OrderService(orders_pb2_grpc.OrderServiceServicer):
    def CreateOrder(self, request, context):
        # The numbers are as they came: enums are open, and Python keeps what has no name.
        for number in request.equipment:
            if not can_be_ordered(number):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"equipment: there is no piece with the number {number}")
        order = orders_pb2.Order(
            created_by=request.created_by,
            equipment=request.equipment,
            # Left out it would be 0, UNSPECIFIED: a client couldn't tell it from one never set.
            status=orders_pb2.ORDER_STATUS_QUEUED,
        )
        order.created_at.GetCurrentTime()
        # Calls run on several threads: the id is drawn and used under one lock.
        with lock:
            order.id = f"order-{len(orders) + 1}"
            orders[order.id] = order
        return orders_pb2.CreateOrderResponse(order=order)

    def GetOrder(self, request, context):
        if request.id not in orders:
            # It raises: nothing after it runs.
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no order {request.id}")
        return orders_pb2.GetOrderResponse(order=orders[request.id])


if __name__ == "__main__":
    address = os.environ.get("LAB_GRPC_ADDR", "127.0.0.1:50051")
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    orders_pb2_grpc.add_OrderServiceServicer_to_server(OrderService(), server)
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()
