import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { describedModel, inferAnswer } from "./fake-backend.ts";

/** A backend that has every model, keeps what it was sent, and answers at once unless it is told to wait. */
export type PatientBackend = AsyncDisposable & {
  readonly url: string;
  /** The bodies of all images that came whole. */
  readonly images: readonly Buffer[];
  /** How many callers hung up before their answer. */
  readonly left: () => number;
  /** How many wait for their answer now. */
  readonly waiting: () => number;
  readonly hold: () => void;
  /** Answers all who wait, and whoever comes from now on. */
  readonly release: () => void;
  readonly forget: () => void;
};

export async function startPatientBackend(): Promise<PatientBackend> {
  const images: Buffer[] = [];
  const waiting = new Map<ServerResponse, string>();
  let left = 0;
  let isHolding = false;
  const infer = (response: ServerResponse, model: string): void => {
    response.once("close", () => {
      if (!response.writableFinished) left += 1;
      waiting.delete(response);
    });
    if (isHolding) waiting.set(response, model);
    else answer(response, { ...inferAnswer, model_name: model });
  };
  const server = createServer((request, response) => {
    const [, model = ""] = request.url?.match(/^\/v2\/models\/([^/]+)/) ?? [];
    if (request.method === "GET") return answer(response, { ...describedModel, name: model });
    buffer(request).then(
      (body) => {
        images.push(body);
        infer(response, model);
      },
      () => {},
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const release = (): void => {
    isHolding = false;
    for (const [response, model] of waiting) answer(response, { ...inferAnswer, model_name: model });
    waiting.clear();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    images,
    left: () => left,
    waiting: () => waiting.size,
    hold: () => {
      isHolding = true;
    },
    release,
    forget: () => {
      images.length = 0;
      left = 0;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function answer(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}
