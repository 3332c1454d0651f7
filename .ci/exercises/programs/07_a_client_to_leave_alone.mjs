// rest/07 with Node's fetch.
import { isDeepStrictEqual, parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";

const ORDERS = `http://${process.env.LAB_REST_ADDR ?? "127.0.0.1:8080"}/v1/orders`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "created-by": { type: "string" },
    equipment: { type: "string", multiple: true },
    version: { type: "string" },
  },
});

// The last attempt's answer, and whether one before it was lost.
async function send(method, url, body, headers = {}) {
  const request = { method, headers: { ...headers } };
  if (body) {
    request.body = JSON.stringify(body);
    request.headers["Content-Type"] = "application/json";
  }
  let lost = false;
  for (let number = 1; ; number += 1) {
    let wait = 200 * 2 ** (number - 1) * (1.03 + Math.random() * 0.94);
    let why;
    try {
      const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(1000) });
      const text = await answer.text();
      if (![429, 503].includes(answer.status)) return { status: answer.status, ok: answer.ok, text, lost };
      why = new Error(`the server answers ${answer.status}`);
      const after = answer.headers.get("retry-after");
      if (after === null ? method === "POST" : Number(after) > 5) throw Object.assign(why, { final: true });
      if (after !== null) wait = 1000 * (Number(after) + 0.05 + Math.random() * 0.4);
    } catch (error) {
      if (error.final) throw error;
      why = error;
      const notSent = error.cause?.code === "ECONNREFUSED";
      if (!notSent && method === "POST") throw new Error("unknown: it may be placed", { cause: error });
      lost ||= !notSent;
    }
    if (number === 4) throw why;
    await sleep(wait);
  }
}

function success({ ok, status, text }) {
  if (!ok) throw new Error(`the server answers ${status}`);
  return text && JSON.parse(text);
}

async function run([verb, id]) {
  const url = `${ORDERS}/${id}`;
  const { equipment } = values;
  if (verb === "get") return success(await send("GET", url));
  if (verb === "create") return success(await send("POST", ORDERS, { created_by: values["created-by"], equipment }));
  if (verb === "delete") {
    const answer = await send("DELETE", url);
    return answer.lost && answer.status === 404 ? { deleted: id } : success(answer) || { deleted: id };
  }
  if (verb !== "update") throw new Error("usage: get | create | update | delete");
  const answer = await send("PUT", url, { equipment }, { "If-Match": `"${values.version}"` });
  if (!(answer.lost && answer.status === 412)) return success(answer);
  const order = success(await send("GET", url));
  if (!isDeepStrictEqual(order.equipment, equipment)) throw new Error("somebody else has changed the order");
  return order;
}

try {
  console.log(JSON.stringify(await run(positionals)));
} catch (error) {
  console.error(error.message, error.cause ?? "");
  process.exitCode = 1;
}
