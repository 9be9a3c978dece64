import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import sharp from "sharp";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { type Caller, unboundedTenant } from "#gateway/caller.ts";
import { openDirectory } from "#gateway/fleet/directory.ts";
import type { Backend, Fleet } from "#gateway/fleet/snapshot.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { answerProblem } from "#gateway/problem.ts";
import { type OpenInferenceDeps, openInferenceRoutes } from "#gateway/routes/open-inference.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { openHttpServer } from "#infra/runtime/http-server.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import { startBackend } from "./backend-process.ts";
import { identityName, models, writeModels } from "./identity-models.ts";
import { backendAt, openDispatcher, routeOver } from "./routes.ts";

/** The identity of FP32, which the gateway here routes although it finds nothing in images. */
export const passthroughModel = identityName("FP32");

/** Who may do all there is under /v2. */
export const anybody: Caller = {
  id: "key",
  tenant: unboundedTenant("tenant"),
  scopes: new Set(["infer", "metrics"]),
  models: "all",
  origins: [],
  limits: { rates: [] },
};

export type Passthrough = AsyncDisposable & {
  readonly port: number;
  /** A green square, which the model of colours finds. */
  readonly image: Buffer;
  /** What was asked to be let in, in turn. */
  readonly admitted: { readonly model: string; readonly images: number }[];
  /** Who asks from now on. */
  caller: Caller;
};

/** The protocol's routes over a real backend as a process, in a fleet whose first backend is gone. */
export async function openPassthrough(): Promise<Passthrough> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = stack.adopt(await mkdtemp(join(tmpdir(), "passthrough-")), (path) =>
      rm(path, { recursive: true }),
    );
    await writeModels(folder, [passthroughModel, models.colours]);
    const backend = stack.use(await startBackend("--models", folder, "--workers", "1"));
    const image = await sharp({ create: { width: 128, height: 96, channels: 3, background: "#00ff00" } })
      .jpeg()
      .toBuffer();
    const gateway = { image, port: 0, admitted: [] as Passthrough["admitted"], caller: anybody };
    const deps = { ...(await fleetOver(backend.url, stack)), ...around(gateway) };
    const app = mounted(deps, () => gateway.caller);
    const server = stack.use(await openHttpServer({ fetch: app.fetch, host: "127.0.0.1", port: 0 }));
    return Object.assign(gateway, {
      port: server.port,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    });
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function fleetOver(
  url: string,
  stack: AsyncDisposableStack,
): Promise<Pick<OpenInferenceDeps, "fleet" | "directory">> {
  const backends = ["http://127.0.0.1:9", url].map((url): Backend => {
    const client = stack.use(createOpenInferenceClient({ url }));
    return backendAt({ url, client });
  });
  const routes = [models.colours, passthroughModel, "absent"].map((name) =>
    routeOver([backends], { model: name, sloMs: 1_000 }),
  );
  const fleet: Fleet = { routes: new Map(routes.map((route) => [route.model, route])) };
  const seen: Fleet = { routes: new Map(routes.slice(0, 1).map((route) => [route.model, route])) };
  const directory = stack.use(await openDirectory({ fleet: seen, clock: systemClock }));
  // The first is told as one that was there a moment ago; and of a model of tensors alone no backend says enough.
  const find = (_: Backend, name: string) =>
    name === "absent" ? undefined : directory.lastHeard(models.colours);
  return { fleet: () => fleet, directory: { find, useful: directory.useful } };
}

function around({ admitted }: Pick<Passthrough, "admitted">): Omit<OpenInferenceDeps, "fleet" | "directory"> {
  return {
    ready: () => true,
    limits: { body: 1_048_576, bodyTimeout: 5_000, requestTimeout: 10_000 },
    inFlight: createInFlight({ most: 100 }),
    admission: {
      refuseExhausted: () => {},
      admit: async () => ({ found: [], countedIn: "nowhere", headers: {}, end: () => {} }),
    },
    admit: async (_, { route, images }) => {
      admitted.push({ model: route.model, images });
      const heard = { sent: () => {}, failed: () => {}, answered: () => {} };
      return { ...heard, headers: {}, [Symbol.dispose]: () => {} };
    },
    dispatcher: openDispatcher(),
    ledger: { record: recordPursuit },
    clock: systemClock,
    softState: createSoftStateInProcess(),
    chance: systemChance,
  };
}

function mounted(deps: OpenInferenceDeps, caller: () => Caller): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  app.onError(answerProblem);
  app.notFound((c) => answerProblem(new TradewindError("route_unknown", "there is nothing here"), c));
  app.use(async (c, next) => {
    c.set("requestId", "id");
    c.set("caller", caller());
    await next();
  });
  app.route("/", openInferenceRoutes(deps));
  return app;
}
