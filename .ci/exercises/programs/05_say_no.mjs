// rest/05 with Node's http.
import { createServer, STATUS_CODES } from "node:http";

const [host, port] = (process.env.LAB_REST_ADDR ?? "127.0.0.1:8080").split(":");
const KINDS = new Set(["KEYBOARD", "MOUSE", "WEBCAM", "MONITOR"]);
const FIELDS = new Set(["created_by", "equipment", "desk"]);

function answer(response, status, type, body, headers = {}) {
  response.writeHead(status, { "Content-Type": type, ...headers });
  response.end(JSON.stringify(body));
}

function problem(response, status, detail, { headers, ...more } = {}) {
  answer(response, status, "application/problem+json", { title: STATUS_CODES[status], status, detail, ...more }, headers);
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function* faults(order) {
  if (typeof order !== "object" || order === null || Array.isArray(order)) {
    return yield { pointer: "#", detail: "must be an object" };
  }
  for (const name of Object.keys(order)) {
    const escaped = name.replaceAll("~", "~0").replaceAll("/", "~1");
    if (!FIELDS.has(name)) yield { pointer: `#/${escaped}`, detail: "is no field of an order" };
  }
  const { created_by, equipment, desk } = order;
  // Spread, a string gives characters; its length counts halves of some.
  if (typeof created_by !== "string" || created_by === "" || [...created_by].length > 64) {
    yield { pointer: "#/created_by", detail: "must be text of 1 to 64 characters" };
  }
  if (!Number.isInteger(desk) || desk < 1 || desk > 999) {
    yield { pointer: "#/desk", detail: "must be a whole number from 1 to 999" };
  }
  if (!Array.isArray(equipment) || equipment.length === 0) {
    return yield { pointer: "#/equipment", detail: "must be a list of at least one" };
  }
  for (const [index, item] of equipment.entries()) {
    const pointer = `#/equipment/${index}`;
    const before = equipment.slice(0, index).filter((other) => other === item).length;
    if (!KINDS.has(item)) yield { pointer, detail: "is no kind of equipment" };
    else if (before >= 2) yield { pointer, detail: "is ordered twice already" };
  }
}

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://lab");
  if (pathname !== "/v1/orders") return problem(response, 404, "there is nothing at this path");
  if (request.method !== "POST") {
    return problem(response, 405, "an order is placed by POST", { headers: { Allow: "POST" } });
  }
  const [mediaType] = (request.headers["content-type"] ?? "").split(";");
  if (mediaType.trim().toLowerCase() !== "application/json") {
    return problem(response, 415, "an order comes as application/json");
  }
  let order;
  try {
    order = JSON.parse(await text(request));
  } catch {
    return problem(response, 400, "the body is not JSON");
  }
  const errors = [...faults(order)];
  if (errors.length > 0) return problem(response, 422, "each of the errors names its place", { errors });
  answer(response, 201, "application/json", order);
}).listen(Number(port), host);
