import type { IncomingMessage, ServerResponse } from "node:http";
import { Pool } from "undici";
import { serveAlone } from "../../gateway/answering-server.ts";
import { inferPath } from "../../gateway/constant-answer.ts";
import { openPipeline } from "./pipeline.ts";
import { readHashed } from "./read-hashed.ts";

/** A miss without our code: read, hash, one pipeline, then the body goes to the backend and its answer comes back. */
const [redisUrl = "", backend = ""] = process.argv.slice(2);
const ask = await openPipeline(redisUrl);
const pool = new Pool(backend, { connections: 64 });

serveAlone((request, response) => {
  forward(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
});

async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { body, digest } = await readHashed(request);
  await ask(request.headers.authorization ?? "", digest);
  const answer = await pool.request({
    method: "POST",
    path: inferPath,
    headers: { "content-type": "application/octet-stream" },
    body,
  });
  response.writeHead(answer.statusCode, {
    "content-type": String(answer.headers["content-type"]),
    "content-length": String(answer.headers["content-length"]),
  });
  answer.body.pipe(response);
}
