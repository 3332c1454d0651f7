"""grpc/05 with grpcio: a server in the middle, which passes the deadline on and tries again what may be."""

import collections
import os
import threading
import time
import uuid
from concurrent import futures

import grpc

# Made from proto/ by `python3 -m grpc_tools.protoc`; the lab's README has the command.
from orders.v1 import orders_pb2, orders_pb2_grpc
from warehouse.v1 import warehouse_pb2, warehouse_pb2_grpc

WITHOUT_DEADLINE = 2.0
ATTEMPTS = 3
FIRST_WAIT = 0.1

orders = {}
lock = threading.Lock()
# It connects with the first call.
warehouse = warehouse_pb2_grpc.WarehouseServiceStub(
    grpc.insecure_channel(os.environ.get("LAB_WAREHOUSE_ADDR", "127.0.0.1:50052")))


def reservation(order):
    counts = collections.Counter(order.equipment)
    items = [warehouse_pb2.Item(equipment=equipment, count=count) for equipment, count in counts.items()]
    return warehouse_pb2.ReserveRequest(order_id=order.id, items=items)


def reserve(order, context, deadline):
    """Returns when the pieces are set aside; else it raises what the caller is to hear."""
    message = reservation(order)
    # A thread can't be dropped as a future can: it waits for this, which the end of the call sets.
    gone = threading.Event()
    context.add_callback(gone.set)
    wait = FIRST_WAIT
    for attempt in range(1, ATTEMPTS + 1):
        left = deadline - time.monotonic()
        call = warehouse.Reserve.future(message, timeout=left)
        # It isn't taken when the caller is gone by then.
        if not context.add_callback(call.cancel):
            call.cancel()
            context.abort(grpc.StatusCode.CANCELLED, "the caller is gone")
        try:
            call.result()
            return
        except grpc.FutureCancelledError:
            context.abort(grpc.StatusCode.CANCELLED, "the caller is gone")
        except grpc.RpcError as error:
            late = time.monotonic() + wait >= deadline
            if error.code() != grpc.StatusCode.UNAVAILABLE or attempt == ATTEMPTS or late:
                context.abort(error.code(), error.details())
        if gone.wait(wait):
            context.abort(grpc.StatusCode.CANCELLED, "the caller is gone")
        wait *= 2


class OrderService(orders_pb2_grpc.OrderServiceServicer):
    def CreateOrder(self, request, context):
        # The library reads the header, in whatever unit it is, and counts down. Without one it counts
        # from a number that nobody waits for, 9e18.
        left = context.time_remaining()
        deadline = time.monotonic() + (left if left < 1e12 else WITHOUT_DEADLINE)
        order = orders_pb2.Order(
            id=str(uuid.uuid4()),
            created_by=request.created_by,
            equipment=request.equipment,
            status=orders_pb2.ORDER_STATUS_QUEUED,
        )
        order.created_at.GetCurrentTime()
        reserve(order, context, deadline)
        with lock:
            orders[order.id] = order
        return orders_pb2.CreateOrderResponse(order=order)

    def GetOrder(self, request, context):
        with lock:
            order = orders.get(request.id)
        if order is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no order {request.id}")
        return orders_pb2.GetOrderResponse(order=order)


if __name__ == "__main__":
    address = os.environ.get("LAB_GRPC_ADDR", "127.0.0.1:50051")
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    orders_pb2_grpc.add_OrderServiceServicer_to_server(OrderService(), server)
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()
