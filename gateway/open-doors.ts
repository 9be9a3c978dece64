import { type HttpServer, openHttpServer } from "#infra/runtime/http-server.ts";
import type { Access } from "./admission/access.ts";
import { createAuthenticate } from "./admission/authenticate.ts";
import type { BearerTokens } from "./admission/bearer-tokens.ts";
import { type AppDeps, createApp, type Door } from "./app.ts";
import { type Caller, keylessCaller, unboundedTenant } from "./caller.ts";
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
  const { config, address, deps } = options;
  await using opening = new AsyncDisposableStack();
  const tracing = createTracing(deps.clock, deps.chance);
  const others: string[] = [];
  for (const listener of config.listeners) {
    const door = { ...doorOf(listener, options), tracing };
    const { url } = opening.use(await open(deps, door, placeOf(listener), config));
    others.push(url);
  }
  const hasOwnAdmin = config.listeners.some(({ admin }) => admin);
  const door = { authenticate: createAuthenticate(options), leadsToAdmin: !hasOwnAdmin, tracing };
  const { url } = opening.use(await open(deps, door, address, config));
  const opened = opening.move();
  return { url, others, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function open(
  deps: AppDeps,
  door: Door,
  { host, port }: DoorsOptions["address"],
  { limits }: Config,
): Promise<HttpServer> {
  const { fetch } = createApp(deps, door);
  const hot = openHotDoor({ ...door, images: deps, ready: deps.ready });
  // The body reader gives up first and in our words; this is for what never reaches it.
  return openHttpServer({ fetch, hot, host, port, requestTimeoutMs: limits.bodyTimeout + 10_000 });
}

function doorOf({ tenant, admin }: Listener, { access, tokens }: DoorsOptions): Omit<Door, "tracing"> {
  const keyless = tenant === undefined ? {} : { keyless: keylessOf(tenant, access) };
  return { authenticate: createAuthenticate({ access, tokens, ...keyless }), leadsToAdmin: admin };
}

/** The tenant as it is on record now; a caller is made anew only when that changed. */
function keylessOf(id: string, access: Pick<Access, "tenant">): () => Caller {
  const unknown = unboundedTenant(id);
  let caller = keylessCaller(access.tenant(id) ?? unknown);
  return () => {
    const tenant = access.tenant(id) ?? unknown;
    if (caller.tenant !== tenant) caller = keylessCaller(tenant);
    return caller;
  };
}

function placeOf({ address }: Listener): DoorsOptions["address"] {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) };
}
