// rest/02 with Node's fetch.
const MOST = 1024 * 1024;
const server = process.env.LAB_REST_ADDR ?? "127.0.0.1:8080";
const [verb, id] = process.argv.slice(2);

async function load(path) {
  const answer = await fetch(`http://${server}${path}`, { signal: AbortSignal.timeout(2000), redirect: "manual" });
  if (answer.status !== 200) throw new Error(`the server answered ${answer.status}`);
  const mediaType = (answer.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
  if (mediaType !== "application/json") throw new Error(`this is ${mediaType || "without a type"}, not JSON`);
  const chunks = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > MOST) throw new Error("more than 1 MiB");
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

try {
  if (verb !== "health" && (verb !== "get" || !id)) throw new Error("usage: health | get ID");
  console.log(JSON.stringify(await load(verb === "health" ? "/health" : `/v1/orders/${id}`), null, 2));
} catch (error) {
  console.error(error.message, error.cause ?? "");
  process.exitCode = 1;
}
