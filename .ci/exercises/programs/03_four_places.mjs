// rest/03 with Node's http.
import { createServer } from "node:http";

const [host, port] = (process.env.LAB_REST_ADDR ?? "127.0.0.1:8080").split(":");

function answer(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

createServer(async (request, response) => {
  const url = new URL(request.url, "http://lab");
  const [, segment] = url.pathname.match(/^\/demo\/([^/]+)$/) ?? [];
  if (request.method !== "POST" || segment === undefined) return answer(response, 404, { error: "not found" });
  const param = url.searchParams.get("param_demo");
  const header = request.headers["header-demo"];
  if (param === null || header === undefined) {
    return answer(response, 400, { error: "param_demo and header-demo are needed" });
  }
  const body = await text(request);
  answer(response, 200, { result: { path: decodeURIComponent(segment), param, header, body } });
}).listen(Number(port), host);
