// rest/04 with Node's http.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

const [host, port] = (process.env.LAB_REST_ADDR ?? "127.0.0.1:8080").split(":");
const orders = new Map();

function answer(response, status, body, headers = {}) {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function createOrder(request, response) {
  const [mediaType] = (request.headers["content-type"] ?? "").split(";");
  if (mediaType.trim().toLowerCase() !== "application/json") {
    request.resume();
    return answer(response, 415, { error: "an order comes as application/json" });
  }
  const { created_by, equipment } = JSON.parse(await text(request));
  const order = { id: randomUUID(), created_by, equipment };
  orders.set(order.id, order);
  answer(response, 201, order, { Location: `/v1/orders/${order.id}` });
}

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://lab");
  const [, id] = pathname.match(/^\/v1\/orders\/([^/]+)$/) ?? [];
  if (pathname === "/v1/orders" && request.method === "POST") return createOrder(request, response);
  if (pathname === "/v1/orders" && request.method === "GET") {
    return answer(response, 200, { orders: [...orders.values()] });
  }
  if (id && orders.has(id)) return answer(response, 200, orders.get(id));
  answer(response, 404, { error: "not found" });
}).listen(Number(port), host);
