"""grpc/03: say no in gRPC's words, with grpcio and grpcio-status."""

import os
import threading
from concurrent import futures

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

# Made from proto/ by `python3 -m grpc_tools.protoc`; the lab's README has the command.
from orders.v1 import orders_pb2, orders_pb2_grpc

# In memory, and how many there ever were.
orders = {}
placed = 0
lock = threading.Lock()


def refuse(context, faults):
    """INVALID_ARGUMENT, with a google.rpc.BadRequest in its details: it raises."""
    violations = [error_details_pb2.BadRequest.FieldViolation(field=field, description=description)
                  for field, description in faults]
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.BadRequest(field_violations=violations))
    message = "the request breaks rules: its details say which"
    status = status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message=message, details=[detail])
    context.abort_with_status(rpc_status.to_status(status))


def can_be_ordered(number):
    return number in orders_pb2.Equipment.values() and number != orders_pb2.EQUIPMENT_UNSPECIFIED


def faults_of(request):
    """All that is wrong with it: who is told one at a time mends and sends as often as there are."""
    faults = []
    if not 1 <= len(request.created_by) <= 64:
        faults.append(("created_by", "must be 1 to 64 characters"))
    if not request.equipment:
        faults.append(("equipment", "must be at least one piece"))
    for index, number in enumerate(request.equipment):
        if not can_be_ordered(number):
            faults.append((f"equipment[{index}]", "must be a piece that can be ordered"))
        elif request.equipment[:index].count(number) >= 2:
            faults.append((f"equipment[{index}]", "is ordered twice already"))
    return faults


class OrderService(orders_pb2_grpc.OrderServiceServicer):
    def CreateOrder(self, request, context):
        global placed
        # First what is wrong whatever is stored, then what is in the way now.
        faults = faults_of(request)
        if faults:
            refuse(context, faults)
        # Calls run on several threads: asked and kept under one lock.
        with lock:
            if any(order.created_by == request.created_by for order in orders.values()):
                context.abort(grpc.StatusCode.ALREADY_EXISTS, "there is an order for this person already")
            placed += 1
            order = orders_pb2.Order(id=f"order-{placed}", created_by=request.created_by, equipment=request.equipment)
            orders[order.id] = order
        return orders_pb2.CreateOrderResponse(order=order)

    def GetOrder(self, request, context):
        if not request.id:
            refuse(context, [("id", "must be the id of an order")])
        order = orders.get(request.id)
        if order is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "there is no order with this id")
        return orders_pb2.GetOrderResponse(order=order)

    def DeleteOrder(self, request, context):
        if not request.id:
            refuse(context, [("id", "must be the id of an order")])
        if orders.pop(request.id, None) is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "there is no order with this id")
        return orders_pb2.DeleteOrderResponse()


if __name__ == "__main__":
    address = os.environ.get("LAB_GRPC_ADDR", "127.0.0.1:50051")
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    orders_pb2_grpc.add_OrderServiceServicer_to_server(OrderService(), server)
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()
