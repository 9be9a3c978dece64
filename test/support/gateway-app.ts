import sharp from "sharp";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { termsOf } from "#adapters/registry.ts";
import { createAdmission } from "#gateway/admission/admission.ts";
import { createAuthenticate } from "#gateway/admission/authenticate.ts";
import { type AppDeps, createApp } from "#gateway/app.ts";
import { MemoryTier } from "#gateway/cache/memory-tier.ts";
import { createResultCache } from "#gateway/cache/result-cache.ts";
import { createFlights } from "#gateway/cache/single-flight.ts";
import type { Caller } from "#gateway/caller.ts";
import { Config } from "#gateway/config.ts";
import { createKnownBackends } from "#gateway/dispatch/known-backends.ts";
import { openDirectory } from "#gateway/fleet/directory.ts";
import { buildFleet } from "#gateway/fleet/snapshot.ts";
import type { LiveFleet } from "#gateway/fleet/swap.ts";
import { createLedgerInMemory } from "#gateway/ledger/ledger-in-memory.ts";
import { openDecisions } from "#gateway/ledger/open-decisions.ts";
import { admitInfer } from "#gateway/open-inference/admit-infer.ts";
import { createTracing } from "#gateway/request-trace.ts";
import { openUsage } from "#gateway/usage/usage.ts";
import { createUsageInMemory } from "#gateway/usage/usage-in-memory.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { caller } from "./callers.ts";
import { edgeDeps } from "./edge-door.ts";
import { inferAnswer, json, startFakeBackend } from "./fake-backend.ts";
import { openDispatcher } from "./routes.ts";

type Infer = NonNullable<NonNullable<Parameters<typeof startFakeBackend>[0]>["infer"]>;

export type GatewayAppOptions = {
  readonly route?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly usdPerRequest?: number;
  readonly softState?: SoftState;
  /** By the text that each shows. */
  readonly callers?: ReadonlyMap<string, Caller | "expired">;
  readonly origins?: readonly string[];
  readonly leadsToAdmin?: boolean;
  /** A fleet that changes, in the place of the one backend. */
  readonly live?: Pick<LiveFleet, "fleet" | "directory">;
};

export type Sent = {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string | FormData;
  readonly method?: string;
};

export const key = "tw_test";

/** A whole gateway over one backend that answers as a test wants, without sockets on the caller's side. */
export async function openGatewayApp(options: GatewayAppOptions = {}) {
  const { usdPerRequest = 0.000_003, softState = createSoftStateInProcess() } = options;
  const stack = new AsyncDisposableStack();
  const state = { infer: json(200, inferAnswer) as Infer, ready: true, images: 0 };
  const backend = stack.use(
    await startFakeBackend({
      infer: (request, response) => {
        state.images += 1;
        state.infer(request, response);
      },
    }),
  );
  const client = stack.use(createOpenInferenceClient({ url: backend.url }));
  const endpoint = { url: backend.url, client };
  const config = configOf(options);
  const found = { terms: termsOf({ kind: "static", usdPerRequest }), endpoints: [endpoint] };
  const known = createKnownBackends({ chance: systemChance });
  const fleet = buildFleet(config, new Map([["local", found]]), { known });
  const clock = systemClock;
  const directory = options.live?.directory ?? stack.use(await openDirectory({ fleet, clock }));
  const usage = stack.use(await openUsage({ store: createUsageInMemory(), clock }));
  const ledger = stack.use(openDecisions({ store: createLedgerInMemory(), clock }));
  const metrics = createMetrics({ processMetrics: false });
  const callers =
    options.callers ?? new Map([[key, caller({ scopes: new Set(["infer", "usage", "metrics"]) })]]);
  const access = {
    find: (shown: string) => callers.get(shown),
    origins: () => new Set(options.origins ?? []),
    tenant: () => undefined,
    refresh: async () => {},
  };
  let names = 0;
  const admission = createAdmission({
    softState,
    local: createSoftStateInProcess(),
    shared: true,
    gateways: () => 1,
    used: usage.month,
    clock,
    name: () => `r${++names}`,
  });
  const cache = createResultCache({
    softState,
    memory: new MemoryTier({ clock }),
    clock,
    chance: systemChance,
    claimMs: 30_000,
  });
  const deps: AppDeps = {
    access,
    admission,
    admit: admitInfer({ admission, usage }),
    cache,
    chance: systemChance,
    clock,
    database: undefined,
    directory,
    dispatcher: openDispatcher(),
    edge: edgeDeps({ metrics, clock }),
    fleet: options.live?.fleet ?? (() => fleet),
    flights: createFlights(),
    inFlight: createInFlight({ most: config.limits.inFlight, mostBytes: config.limits.bodiesInHand }),
    ledger,
    limits: config.limits,
    metrics,
    ready: () => state.ready,
    softState,
    usage,
    usageStore: createUsageInMemory(),
  };
  const app = createApp(deps, {
    authenticate: createAuthenticate({
      access,
      tokens: { looksLikeToken: () => false, verify: () => Promise.reject(new Error("no tokens")) },
    }),
    leadsToAdmin: options.leadsToAdmin ?? false,
    tracing: createTracing(clock, systemChance),
  });
  const send = async (sent: Sent = {}, answer: Infer = json(200, inferAnswer)) => {
    state.infer = answer;
    return readAnswer(await app.request(sent.path ?? detectPath, initOf(sent)));
  };
  return {
    app,
    deps,
    config,
    send,
    state,
    backend,
    usage,
    metrics,
    cache,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export const detectPath = "/v1/models/digits-s/detect";

/** A small picture; another number gives another one. */
export async function tinyJpeg(red = 0): Promise<Buffer> {
  const background = { r: red, g: 90, b: 160 };
  return await sharp({ create: { width: 16, height: 16, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

const usualJpeg = await tinyJpeg();

function configOf({ route = {}, limits = {} }: GatewayAppOptions): Config {
  return Config.parse({
    models: { "digits-s": { source: "x" } },
    providers: { local: { kind: "static", urls: ["http://127.0.0.1:1"] } },
    routes: [{ models: ["digits-s"], failover: [["local"]], ...route }],
    limits,
  });
}

function initOf({ headers = {}, body = usualJpeg, method = "POST" }: Sent): RequestInit {
  const type: Record<string, string> = body instanceof FormData ? {} : { "content-type": "image/jpeg" };
  const sent = { authorization: `Bearer ${key}`, ...type, ...headers };
  return method === "GET" || method === "HEAD" || method === "OPTIONS"
    ? { method, headers: sent }
    : { method, headers: sent, body: body instanceof Uint8Array ? new Uint8Array(body) : body };
}

async function readAnswer(response: Response) {
  const { status, headers } = response;
  const text = await response.text();
  const isJson = headers.get("content-type")?.includes("json") ?? false;
  return { status, headers, text, body: (isJson ? JSON.parse(text) : {}) as Record<string, unknown> };
}
