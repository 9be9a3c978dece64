import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HttpServer, openHttpServer } from "#infra/runtime/http-server.ts";
import { writeModels } from "./identity-models.ts";
import { openTestServer, type TestServer, type TestServerOptions } from "./inference-server.ts";
import { exchange, type RawAnswer, type RawRequest, requestBytes, type Verb } from "./raw-http.ts";

export type LiveInference = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** As a Host header has it. */
  readonly host: string;
  /** The repository, which lives as long as this. */
  readonly folder: string;
  readonly server: TestServer;
  /** One request on a connection of its own. */
  readonly ask: (verb: Verb, request?: RawRequest) => Promise<RawAnswer>;
};

/** The backend over the models of `identity-models.ts`, listening on a port of this machine. */
export async function openLiveInference(
  only?: readonly string[],
  options: TestServerOptions = {},
): Promise<LiveInference> {
  const stack = new AsyncDisposableStack();
  const folder = stack.adopt(await mkdtemp(join(tmpdir(), "live-inference-")), (path) =>
    rm(path, { recursive: true }),
  );
  try {
    await writeModels(folder, only);
    const server = stack.use(await openTestServer(folder, options));
    const http: HttpServer = stack.use(
      await openHttpServer({ fetch: server.app.fetch, hot: server.hot, host: "127.0.0.1", port: 0 }),
    );
    const { url, port } = http;
    const host = `127.0.0.1:${port}`;
    const ask: LiveInference["ask"] = (verb, request) => exchange(port, requestBytes(verb, request));
    return { url, port, host, folder, server, ask, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
