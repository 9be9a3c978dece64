import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { type HttpServer, openHttpServer } from "#infra/runtime/http-server.ts";
import type { Access } from "./admission/access.ts";
import { createAuthenticate } from "./admission/authenticate.ts";
import type { BearerTokens } from "./admission/bearer-tokens.ts";
import { listedOrigins } from "./admission/cors.ts";
import { keylessDoor } from "./admission/keyless.ts";
import { type AppDeps, createApp, type Door } from "./app.ts";
import type { Config } from "./config.ts";
import { openHotDoor } from "./hot-door.ts";
import { createTracing } from "./request-trace.ts";

/** Every address that the gateway listens on. */
export type Doors = AsyncDisposable & {
  readonly url: string;
  readonly others: readonly string[];
};

export type DoorsOptions = {
  readonly config: Config;
  readonly address: { readonly host: string; readonly port: number };
  readonly access: Access;
  readonly tokens: BearerTokens;
  readonly deps: AppDeps;
};

type Listener = Config["listeners"][number];

/** Opens the public door last: when it answers, all the others do. */
export async function openDoors(options: DoorsOptions): Promise<Doors> {
  const { config, address, access } = options;
  const origins = listedOrigins(access, config.access.jwt);
  const deps = { ...options.deps, access: { ...options.deps.access, origins } };
  await using opening = new AsyncDisposableStack();
  const tracing = createTracing(deps.clock, deps.chance);
  const servers: HttpServer[] = [];
  // All at once: behind a door that is still open, work would go on arriving while another one drains.
  opening.defer(async () => {
    await Promise.all(servers.map((server) => server.close()));
  });
  for (const listener of config.listeners) {
    const door = { ...doorOf(listener, options), tracing };
    servers.push(await open(deps, door, placeOf(listener), config));
  }
  const others = servers.map(({ url }) => url);
  const hasOwnAdmin = config.listeners.some(({ admin }) => admin);
  const door = { authenticate: createAuthenticate(options), leadsToAdmin: !hasOwnAdmin, tracing };
  const server = await open(deps, door, address, config);
  servers.push(server);
  const opened = opening.move();
  return { url: server.url, others, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function open(
  deps: AppDeps,
  door: Door,
  { host, port }: DoorsOptions["address"],
  { limits }: Config,
): Promise<HttpServer> {
  const { fetch } = createApp(deps, door);
  const hot = openHotDoor({ ...door, images: deps, access: deps.access, ready: deps.ready });
  // The body reader gives up first and in our words; this is for what never reaches it.
  return openHttpServer({ fetch, hot, host, port, requestTimeoutMs: limits.bodyTimeout + 10_000 });
}

function doorOf(listener: Listener, { access, tokens, config }: DoorsOptions): Omit<Door, "tracing"> {
  const { tenant, admin, hosts } = listener;
  if (tenant === undefined)
    return { authenticate: createAuthenticate({ access, tokens }), leadsToAdmin: admin };
  const { records } = config;
  const keyless = keylessDoor({ tenant, hosts, host: placeOf(listener).host }, { access, records });
  tellIfClosed(keyless, listener);
  return { authenticate: createAuthenticate({ access, tokens, keyless }), leadsToAdmin: false };
}

/** Once at the start: whoever wrote the listener may have mistyped its tenant, or not made it yet. */
function tellIfClosed(keyless: (host: undefined) => unknown, { address }: Listener): void {
  try {
    keyless(undefined);
  } catch (error) {
    sideConcernSkipped.publish({ what: "letting a tenant in without a key", detail: address, error });
  }
}

function placeOf({ address }: Listener): DoorsOptions["address"] {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) };
}
