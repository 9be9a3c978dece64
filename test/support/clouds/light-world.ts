import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describedModel, inferAnswer } from "#test/support/fake-backend.ts";
import type { Instance, Order, World } from "./world.ts";

export type LightWorldOptions = { readonly coldMs?: number };

/** Instances as small servers of this process. What they answer says which image they run: it is the model's version. */
export function createLightWorld({ coldMs = 30 }: LightWorldOptions = {}): World {
  const all: Instance[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(all.map((instance) => instance.stop()));
  };
  return {
    start: (order) => {
      const instance = startLight(order, `i${all.length + 1}`, coldMs);
      all.push(instance);
      return instance;
    },
    instances: () => all,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What a light instance says its model's version is. */
export function versionOfImage(image: string): string {
  return image
    .slice(image.indexOf("@") + 1)
    .replace(/[^a-z0-9]/g, "")
    .slice(-8);
}

function startLight(order: Order, id: string, coldMs: number): Instance {
  const { host = "127.0.0.1", port = 0, image } = order;
  let state: ReturnType<Instance["state"]> = "starting";
  const server = createServer((request, response) =>
    answer(request, response, { image, isReady: state === "ready" }),
  );
  server.listen({ host, port, exclusive: true });
  const isBroken = image.includes("broken");
  const standing = Promise.withResolvers<void>();
  standing.promise.catch(() => undefined);
  const fail = (error: Error): void => {
    state = "failed";
    standing.reject(error);
  };
  const cold = setTimeout(() => {
    if (state !== "starting") return;
    if (isBroken) return fail(new Error(`${image} cannot run`));
    state = "ready";
    standing.resolve();
  }, coldMs);
  server.on("error", fail);
  return {
    id,
    order,
    get url() {
      return `http://${host}:${portOf(server) ?? port}`;
    },
    state: () => state,
    ready: standing.promise,
    stop: async () => {
      clearTimeout(cold);
      if (state === "starting") standing.reject(new Error("stopped before it was ready"));
      state = "stopped";
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, "close").catch(() => undefined);
    },
  };
}

function portOf(server: Server): number | undefined {
  return (server.address() as AddressInfo | null)?.port;
}

type Answering = { readonly image: string; readonly isReady: boolean };

function answer(request: IncomingMessage, response: ServerResponse, { image, isReady }: Answering): void {
  request.resume();
  const headers = { "content-type": "application/json", "x-image": image };
  const [status, body] = isReady
    ? bodyOf(request, versionOfImage(image))
    : ([503, { error: "not ready" }] as const);
  response.writeHead(status, headers).end(JSON.stringify(body));
}

function bodyOf({ method, url = "" }: IncomingMessage, version: string): readonly [number, unknown] {
  if (method === "GET" && url.startsWith("/v2/health/")) return [200, {}];
  if (method === "POST" && url.endsWith("/infer")) return [200, { ...inferAnswer, model_version: version }];
  if (url.startsWith("/v2/models/")) return [200, { ...describedModel, versions: [version] }];
  return [404, { error: "no such thing" }];
}
