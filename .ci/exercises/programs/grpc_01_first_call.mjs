// grpc/01 with @grpc/grpc-js, which reads the .proto when it starts.
import { randomUUID } from "node:crypto";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const definition = loader.loadSync("orders/v1/orders.proto", { includeDirs: ["proto"], keepCase: true, longs: Number });
const { OrderService, Equipment } = grpc.loadPackageDefinition(definition).orders.v1;
const pieces = Equipment.type.value.filter(({ number }) => number !== 0).map(({ number }) => number);
const orders = new Map();

function createOrder({ request }, callback) {
  // Enums come as numbers, with names and without.
  const unknown = request.equipment.find((number) => !pieces.includes(number));
  if (unknown !== undefined) {
    return callback({ code: grpc.status.INVALID_ARGUMENT, details: `equipment: ${unknown} is no piece` });
  }
  const now = Date.now();
  const order = {
    id: randomUUID(),
    created_by: request.created_by,
    status: "ORDER_STATUS_QUEUED",
    equipment: request.equipment,
    created_at: { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1_000_000 },
  };
  orders.set(order.id, order);
  callback(null, { order });
}

function getOrder({ request }, callback) {
  const order = orders.get(request.id);
  callback(order ? null : { code: grpc.status.NOT_FOUND, details: "there is no such order" }, { order });
}

const server = new grpc.Server();
server.addService(OrderService.service, { createOrder, getOrder });
const address = process.env.LAB_GRPC_ADDR ?? "127.0.0.1:50051";
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
