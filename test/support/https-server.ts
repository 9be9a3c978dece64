import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { selfSigned } from "./certificate.ts";

export type HttpsServer = AsyncDisposable & {
  readonly port: number;
  /** Its own certificate, for whoever is to trust it. */
  readonly ca: string;
  readonly requests: readonly IncomingMessage[];
  /** The name that each request's connection asked for before it was encrypted. */
  readonly names: readonly (string | false | null | undefined)[];
};

/** A server of these names on 127.0.0.1, with a certificate that nobody trusts unless told. */
export async function startHttpsServer(
  names: readonly string[],
  answer: RequestListener,
): Promise<HttpsServer> {
  const requests: IncomingMessage[] = [];
  const asked: HttpsServer["names"][number][] = [];
  const { key, cert } = selfSigned(names);
  const server = createServer({ key, cert }, (request, response) => {
    requests.push(request);
    asked.push((request.socket as TLSSocket).servername);
    answer(request, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    ca: cert,
    requests,
    names: asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
