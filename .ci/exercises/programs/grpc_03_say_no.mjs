// grpc/03 with @grpc/grpc-js; the details are written by protobufjs.
import { randomUUID } from "node:crypto";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import protobuf from "protobufjs";

const definition = loader.loadSync("orders/v1/orders.proto", { includeDirs: ["proto"], keepCase: true, defaults: true });
const { OrderService, Equipment } = grpc.loadPackageDefinition(definition).orders.v1;
const pieces = Equipment.type.value.filter(({ number }) => number !== 0).map(({ number }) => number);
const orders = new Map();

const { root } = protobuf.parse(`syntax = "proto3"; package google.rpc;
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message BadRequest { repeated Violation field_violations = 1; message Violation { string field = 1; string description = 2; } }`,
  { keepCase: true });
const [Status, BadRequest] = ["Status", "BadRequest"].map((name) => root.lookupType(`google.rpc.${name}`));

function invalid(violations) {
  const value = BadRequest.encode({ field_violations: violations }).finish();
  const [code, message] = [grpc.status.INVALID_ARGUMENT, "the request breaks rules"];
  const details = [{ type_url: "type.googleapis.com/google.rpc.BadRequest", value }];
  const metadata = new grpc.Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(Status.encode({ code, message, details }).finish()));
  return { code, details: message, metadata };
}

function faults({ created_by, equipment }) {
  const found = [];
  const add = (field, description) => found.push({ field, description });
  const characters = [...created_by].length;
  if (characters < 1 || characters > 64) add("created_by", "must be 1 to 64 characters");
  if (equipment.length === 0) add("equipment", "must be at least one piece");
  equipment.forEach((number, index) => {
    const before = equipment.slice(0, index).filter((other) => other === number).length;
    if (!pieces.includes(number)) add(`equipment[${index}]`, "must be a piece that can be ordered");
    else if (before >= 2) add(`equipment[${index}]`, "is ordered twice already");
  });
  return found;
}

function createOrder({ request }, callback) {
  const found = faults(request);
  if (found.length > 0) return callback(invalid(found));
  if ([...orders.values()].some(({ created_by }) => created_by === request.created_by)) {
    return callback({ code: grpc.status.ALREADY_EXISTS, details: "there is an order for this person already" });
  }
  const order = { id: randomUUID(), created_by: request.created_by, equipment: request.equipment };
  orders.set(order.id, order);
  callback(null, { order });
}

function find(id) {
  if (id === "") return invalid([{ field: "id", description: "must be the id of an order" }]);
  return orders.has(id) ? null : { code: grpc.status.NOT_FOUND, details: "there is no order with this id" };
}

function getOrder({ request: { id } }, callback) {
  callback(find(id), { order: orders.get(id) });
}

function deleteOrder({ request: { id } }, callback) {
  const refused = find(id);
  orders.delete(id);
  callback(refused, {});
}

const server = new grpc.Server();
server.addService(OrderService.service, { createOrder, getOrder, deleteOrder });
const address = process.env.LAB_GRPC_ADDR ?? "127.0.0.1:50051";
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
