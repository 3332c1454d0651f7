// rest/06 with Node's own http and fetch: one thread, which decides after each `await` anew.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

const STOCK = process.env.LAB_STOCK_URL ?? "http://127.0.0.1:8081/stock";
const orders = new Map();

const holds = (condition, order) =>
  condition.trim() === "*" || condition.split(",").some((tag) => tag.trim() === order.tag);

async function json(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString());
}

function change(order, equipment) {
  order.equipment = equipment;
  order.tag = `"${randomUUID()}"`;
}

async function answer(request) {
  const id = request.url.slice("/v1/orders/".length);
  if (request.method === "POST" && request.url === "/v1/orders") {
    const { created_by, equipment } = await json(request);
    const order = { id: randomUUID(), created_by };
    change(order, equipment);
    orders.set(order.id, order);
    return [201, order, { location: `/v1/orders/${order.id}` }];
  }
  const order = orders.get(id);
  if (!order) return [404];
  if (request.method === "GET") return [200, order];
  if (request.method !== "PUT") return [405];
  const condition = request.headers["if-match"];
  if (condition === undefined) return [428];
  if (!holds(condition, order)) return [412];
  const { equipment } = await json(request);
  let stock;
  try {
    const body = JSON.stringify({ equipment });
    const headers = { "content-type": "application/json" };
    stock = await fetch(STOCK, { method: "POST", headers, body, signal: AbortSignal.timeout(3000) });
  } catch {
    return [503];
  }
  if (stock.status >= 400 && stock.status < 500) return [409];
  if (!stock.ok) return [503];
  // What held before the question needn't hold any more.
  if (!holds(condition, order)) return [412];
  change(order, equipment);
  return [200, order];
}

const server = createServer(async (request, response) => {
  let [status, order, headers] = await answer(request).catch(() => [400]);
  const { tag, ...body } = order ?? { status };
  headers = { "content-type": "application/json", ...(tag && { etag: tag }), ...headers };
  response.writeHead(status, headers).end(JSON.stringify(body));
});
const [host, port] = (process.env.LAB_REST_ADDR ?? "127.0.0.1:8080").split(":");
server.listen(Number(port), host);
