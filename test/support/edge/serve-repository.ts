import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { SimulatedRepository } from "./simulated-repository.ts";

export type ServedRepository = AsyncDisposable & { readonly url: string; readonly files: string[] };

/** A simulated repository on a port of its own, as a mirror would serve it; `files` has what was fetched beside lists. */
export async function serveRepository(repo: SimulatedRepository): Promise<ServedRepository> {
  const files: string[] = [];
  const server = createServer((request, response) => {
    const address = (request.url ?? "").slice(1);
    if (address.startsWith("targets/")) files.push(address);
    const bytes = repo.published.get(address.replace(/^metadata\//, "")) ?? repo.files.get(address);
    response.writeHead(bytes ? 200 : 404, { "content-type": "application/octet-stream" }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    files,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
