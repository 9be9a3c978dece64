import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** The least that a server on Node can do with a body: read it all and give it back. */
process.on("disconnect", () => process.exit());
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    response.writeHead(200, {
      "content-type": "application/octet-stream",
      "content-length": body.byteLength,
    });
    response.end(body);
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
