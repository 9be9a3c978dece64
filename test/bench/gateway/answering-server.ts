import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A server of the bench in a process of its own: it says its port to its parent and ends with it. */
export function serveAlone(listener: RequestListener): void {
  process.on("disconnect", () => process.exit());
  // A connection that is closed between two rounds would fail the next round's first request.
  const server = createServer({ keepAlive: true, keepAliveTimeout: 600_000, noDelay: true }, listener);
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}

export function answerJson(response: ServerResponse, json: Buffer): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": json.byteLength });
  response.end(json);
}
