import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { termsOf } from "#adapters/registry.ts";
import { Config } from "#gateway/config.ts";
import { createKnownBackends } from "#gateway/dispatch/known-backends.ts";
import { openDirectory } from "#gateway/fleet/directory.ts";
import { buildFleet } from "#gateway/fleet/snapshot.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { type HttpServer, openHttpServer } from "#infra/runtime/http-server.ts";
import { openGatewayApp } from "./gateway-app.ts";
import { openTestServer } from "./inference-server.ts";

export type GatewayOverModels = AsyncDisposable & Pick<HttpServer, "url" | "port">;

/** A whole gateway, which keeps no answers, over a real backend with the models of a folder; its key is `gateway-app.ts`'s. */
export async function openGatewayOverModels(
  folder: string,
  models: readonly string[],
): Promise<GatewayOverModels> {
  const stack = new AsyncDisposableStack();
  const backend = stack.use(await openTestServer(folder));
  const { app: served, hot } = backend;
  const here = { host: "127.0.0.1", port: 0 };
  const { url } = stack.use(await openHttpServer({ fetch: served.fetch, hot, ...here }));
  const client = stack.use(createOpenInferenceClient({ url }));
  const config = Config.parse({
    models: Object.fromEntries(models.map((name) => [name, { source: "x" }])),
    providers: { local: { kind: "static", urls: [url] } },
    routes: [{ models, failover: [["local"]], cache: "off" }],
  });
  const terms = termsOf({ kind: "static", usdPerRequest: 0.000_003 });
  const found = new Map([["local", { terms, endpoints: [{ url, client }] }]]);
  const fleet = buildFleet(config, found, { known: createKnownBackends({ chance: systemChance }) });
  const directory = stack.use(await openDirectory({ fleet, clock: systemClock }));
  const { app } = stack.use(await openGatewayApp({ live: { fleet: () => fleet, directory } }));
  const gateway = stack.use(await openHttpServer({ fetch: app.fetch, ...here }));
  return { url: gateway.url, port: gateway.port, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
