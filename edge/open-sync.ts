import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Lifecycle } from "#infra/runtime/lifecycle.ts";
import { isSafe } from "./config/web-address.ts";
import { type DeviceKeys, openDeviceKeys } from "./device/device-keys.ts";
import { enrolDevice, isEnrolled, isRefused } from "./device/enrol-device.ts";
import { keepFirstRoot } from "./device/first-root.ts";
import { createGatewayClient, type GatewayClient } from "./device/gateway-client.ts";
import { openExchange } from "./device/open-exchange.ts";
import { createProofNumbers } from "./device/proof-numbers.ts";
import { createProver, type Prover } from "./device/prove-calls.ts";
import { renewKey } from "./device/renew-key.ts";
import { openDispatcher } from "./fetch/open-dispatcher.ts";
import { openOrigin } from "./fetch/open-origin.ts";
import type { Origin } from "./fetch/origin.ts";
import { createPace, noPace } from "./fetch/pace.ts";
import type { EdgeOptions } from "./read-options.ts";
import type { ShelfItem } from "./store/shelf-item.ts";
import { tryOnShelf } from "./sync/bring-model.ts";
import { failureOf } from "./sync/failure-of.ts";
import { keepHealthy } from "./sync/keep-healthy.ts";
import { keepSynced, type Wake } from "./sync/keep-synced.ts";
import { type SyncOnceParts, syncOnce } from "./sync/sync-once.ts";
import type { SyncParts } from "./sync/sync-parts.ts";
import { createTroubleTeller } from "./sync/tell-trouble.ts";
import { wantedModels } from "./sync/wanted-models.ts";
import { openTrust } from "./trust/open-trust.ts";
import { tryOnThisMachine } from "./try-on-this-machine.ts";

export type OpenSyncOptions = Omit<
  SyncParts,
  "client" | "origins" | "openTrust" | "tryModel" | "only" | "window" | "pace" | "health"
> &
  Pick<SyncOnceParts, "counts"> & {
    readonly options: EdgeOptions;
    /** Models whose trial was cut short, to be tried before anything else. */
    readonly retried: readonly ShelfItem[];
    readonly wake: Wake;
    readonly exactQuantized: boolean;
  };

/** Everything that goes out of this device, and the loop that does. It ends with the process, in whatever it is. */
export async function openSync(life: Lifecycle, given: OpenSyncOptions): Promise<void> {
  const { options, folder, fs, store, clock, chance, log, running } = given;
  const { config } = options;
  const keys = await openDeviceKeys({ fs, folder, now: clock.now });
  if (options.root !== undefined) await keepFirstRoot({ fs, folder }, await readFile(options.root));
  const prover = createProver({ keys, store, numbers: createProofNumbers(store), clock, chance });
  const line = openLine(life, given, { prover, keys });
  const signal = life.stopping;
  const health = life.resources.use(keepHealthy({ ...given, wake: given.wake.now }));
  for (const model of running.names()) health.follow(model);
  const parts: SyncOnceParts = {
    ...given,
    ...line,
    health,
    hardware: options.hardware,
    only: config.models,
    window: config.sync.window,
    pace:
      config.sync.bandwidth === undefined
        ? noPace
        : createPace({ bytesPerSecond: config.sync.bandwidth, clock }),
    tryModel: tryOnThisMachine({ ...given, memoryMb: given.machine.memoryMb }),
    openTrust: (firstRoot) =>
      openTrust({
        ...{ fs, folder: join(folder, "trust"), state: store, origins: line.origins.toReversed() },
        ...{ firstRoot, clock, askTime: line.askTime, models: () => wantedModels(parts) },
      }),
    becomeDevice: async (patience) => {
      if (isEnrolled({ store, keys })) return;
      await become(
        { options, folder, fs, store, keys, client: line.client, agent: given.machine.agent },
        patience,
      ).catch((error: unknown) => {
        // Nothing answers and nothing ever will: whoever waits at the first start is told.
        if (isRefused(error) && running.names().length === 0) life.fail(error);
        throw error;
      });
      log.info({ device: store.state.identity.device }, "this device is enrolled");
    },
    renewKey: async (patience) => {
      const isWished = given.memo.isKeyWished;
      await renewKey({ store, keys, client: line.client, clock, log }, { ...patience, isWished });
      if (isWished) given.memo.isKeyWished = false;
    },
  };
  const loop = keep(parts, given, signal);
  life.resources.defer(async () => await loop);
}

type Line = Pick<SyncOnceParts, "client" | "origins"> & {
  readonly askTime: (options: { readonly signal: AbortSignal }) => Promise<number | undefined>;
};

function openLine(
  life: Lifecycle,
  { options: { config }, clock, chance }: OpenSyncOptions,
  { prover, keys }: { readonly prover: Prover; readonly keys: DeviceKeys },
): Line {
  const { gateway, mirrors, proxy } = config;
  const dispatcher = openDispatcher({ proxy });
  life.resources.defer(() => dispatcher.destroy());
  const origins: Origin[] = mirrors.map((url) =>
    life.resources.use(openOrigin({ url, kind: "mirror", proxy, clock })),
  );
  const own = openOrigin({
    ...{ url: `${gateway}/edge/v1/repository`, kind: "gateway", proxy, clock },
    prove: (call) => prover.headersFor(call),
  });
  origins.push(life.resources.use(own));
  const exchange = openExchange({ gateway, dispatcher, clock });
  const client: GatewayClient = createGatewayClient({ gateway, exchange, prover, keys, chance });
  return {
    origins,
    client,
    // A time that anybody on the way can have changed is none.
    askTime: async (patience) => (isSafe(gateway) ? await client.time(patience) : undefined),
  };
}

type Becoming = Omit<Parameters<typeof enrolDevice>[1], "client"> & {
  readonly options: EdgeOptions;
  readonly client: GatewayClient;
  readonly agent: string;
};

async function become(
  { options: { enrol, hardware }, agent, ...deps }: Becoming,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  if (enrol !== undefined) return await enrolDevice({ token: enrol, hardware, agent, signal }, deps);
  throw new TradewindError("enrolment_refused", "this device is not enrolled", {
    hint: "start it once with --enrol and a token of tradewind devices enrol",
  });
}

async function keep(parts: SyncOnceParts, given: OpenSyncOptions, signal: AbortSignal): Promise<void> {
  const { clock, chance, log, wake, options, retried, running, memo } = given;
  const { every, jitter } = options.config.sync;
  for (const item of retried) {
    await tryOnShelf(item, parts, { signal }).catch((error: unknown) => {
      if (signal.aborted) return;
      memo.failures.set(item.about.model, failureOf(error, item.about.release));
      log.error(
        { err: error, model: item.about.model },
        "a trial that was cut short could not be made again",
      );
    });
  }
  const tellTrouble = createTroubleTeller(log);
  await keepSynced({
    sync: async () => {
      const outcome = await syncOnce(parts, { signal });
      tellTrouble(memo);
      return outcome;
    },
    everyMs: every,
    jitter,
    // Whoever has nothing to answer with is in a hurry; all others that start together come one after the other.
    firstWaitMs: running.names().length === 0 ? 0 : Math.min(every, 30_000) * jitter * chance.number(),
    ...{ wake, clock, chance, log, signal },
  });
}
