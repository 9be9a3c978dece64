import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export type RestDetector = AsyncDisposable & {
  readonly url: string;
  /** Images that it looked at, with the fields beside them. */
  readonly seen: readonly { readonly image: Buffer; readonly limit: string }[];
  /** From now on its answers have this status. */
  readonly fail: (status: number, headers?: Readonly<Record<string, string>>) => void;
};

/** A team's detector as teams write them: a form goes in, objects with labels and left, top, width, height come out. */
export async function startRestDetector({ key }: { readonly key: string }): Promise<RestDetector> {
  const seen: { readonly image: Buffer; readonly limit: string }[] = [];
  let failing: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined;
  const listener: RequestListener = async (request, response) => {
    const say = (status: number, body: unknown, headers = {}): void => {
      response
        .writeHead(status, { "content-type": "application/json", ...headers })
        .end(JSON.stringify(body));
    };
    if (request.url === "/healthz") return say(200, { status: "ok" });
    if (request.url?.split("?")[0] !== "/predict") return say(404, { detail: "Not Found" });
    if (request.headers["x-api-key"] !== key) return say(401, { detail: "no key" });
    const form = await formOf(request);
    const file = form.get("file");
    if (!(file instanceof File))
      return say(422, { detail: [{ loc: ["body", "file"], msg: "Field required" }] });
    const image = Buffer.from(await file.arrayBuffer());
    seen.push({ image, limit: String(form.get("limit")) });
    if (failing) return say(failing.status, { detail: "for a test" }, failing.headers);
    const least = Number(new URL(request.url, "http://x").searchParams.get("threshold"));
    say(200, { result: { objects: objects.filter(({ confidence }) => confidence > least) } });
  };
  const server = createServer((request, response) => {
    Promise.resolve(listener(request, response)).catch(() => response.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    fail: (status, headers = {}) => {
      failing = { status, headers };
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Two cats that are one, and a dog that is hardly there. */
const objects = [
  { label: "cat", confidence: 0.9, rect: { left: 0.1, top: 0.2, width: 0.5, height: 0.25 } },
  { label: "cat", confidence: 0.8, rect: { left: 0.1, top: 0.2, width: 0.5, height: 0.24 } },
  { label: "dog", confidence: 0.3, rect: { left: 0.7, top: 0.1, width: 0.2, height: 0.2 } },
];

async function formOf(request: IncomingMessage): Promise<FormData> {
  const headers = { "content-type": request.headers["content-type"] ?? "" };
  return await new Response(new Uint8Array(await buffer(request)), { headers }).formData();
}

/** How a configuration describes it. */
export const restOfDetector = {
  path: "/predict",
  body: { multipart: "file" },
  fields: { limit: 50 },
  headers: { "x-api-key": { env: "TEAM_KEY" } },
  query: { conf: "threshold" },
  health: "/healthz",
  names: ["cat", "dog"],
  answer: {
    list: "result.objects",
    score: "confidence",
    name: "label",
    box: ["rect.left", "rect.top", "rect.width", "rect.height"],
    form: "xywh",
    units: "share",
  },
};
