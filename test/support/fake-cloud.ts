import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export type Heard = {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
};

export type FakeCloud = AsyncDisposable & {
  readonly url: string;
  /** What it was asked, the oldest first. */
  readonly heard: Heard[];
  /** How it answers from now on. */
  answer: (response: ServerResponse, heard: Heard) => void;
};

/** A gateway that answers as a test wants: with one sure 7 unless it is told otherwise. */
export async function startFakeCloud(): Promise<FakeCloud> {
  const heard: Heard[] = [];
  const usual: FakeCloud["answer"] = (response) => sayJson(response, sevenAnswer);
  const cloud = { heard, answer: usual };
  const hear = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = { path: request.url ?? "", headers: request.headers, body: await buffer(request) };
    heard.push(asked);
    cloud.answer(response, asked);
  };
  // Of a request that is broken off nothing was heard.
  const server = createServer((request, response) => void hear(request, response).catch(() => {}));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return Object.assign(cloud, { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close });
}

export function sayJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json", "server-timing": "total;dur=3" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

export const sevenAnswer = {
  request_id: "cloud",
  model: "digits-n",
  version: "9",
  precision: "fp32",
  image: { width: 320, height: 320 },
  detections: [{ name: "7", class: 7, score: 0.99, box: { x1: 1, y1: 2, x2: 30, y2: 40 } }],
  backend: "ours",
  cache: "miss",
  deadline_missed: false,
  timings_ms: { queue: 0, preprocess: 1, inference: 1, postprocess: 1, gateway: 0, total: 3 },
  cost_usd: 0.000_003,
};
