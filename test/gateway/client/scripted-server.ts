import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Heard = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

type Step = (response: ServerResponse, heard: Heard) => void;

/** A server that answers each request with the next step of a script, and with the last one from then on. */
export async function startScriptedServer(...script: readonly Step[]) {
  const heard: Heard[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    const one = { method, url, headers, body: Buffer.concat(chunks) };
    heard.push(one);
    (script[heard.length - 1] ?? script.at(-1))?.(response, one);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    heard,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function answer(status: number, body: unknown, headers: Record<string, string> = {}): Step {
  return (response) => {
    const type = { "content-type": status < 400 ? "application/json" : "application/problem+json" };
    response.writeHead(status, { ...type, ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

export function refusal(
  status: number,
  code: string,
  { retryable, headers = {} }: { readonly retryable: boolean; readonly headers?: Record<string, string> },
): Step {
  return answer(status, { code, detail: `told of ${code}`, retryable, status }, headers);
}

export const hangUp: Step = (response) => void response.socket?.destroy();

/** Half of a promised body. */
export const breakOff: Step = (response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
  response.write("{", () => response.socket?.destroy());
};
