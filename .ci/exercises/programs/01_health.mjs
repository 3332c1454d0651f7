// rest/01 with Node's http.
import { createServer } from "node:http";

const [host, port] = (process.env.LAB_REST_ADDR ?? "127.0.0.1:8080").split(":");

function answer(response, status, body, headers = {}) {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://lab");
  if (pathname !== "/health") return answer(response, 404, { error: "not found" });
  if (!["GET", "HEAD"].includes(request.method)) {
    return answer(response, 405, { error: "not allowed" }, { Allow: "GET, HEAD" });
  }
  answer(response, 200, { status: "ok" });
}).listen(Number(port), host);
