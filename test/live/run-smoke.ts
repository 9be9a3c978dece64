import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProviderControl, ProviderStatus } from "#adapters/control.ts";
import { openControl } from "#adapters/controls.ts";
import { liveHand } from "#adapters/hand.ts";
import type { Provider } from "#adapters/provider.ts";
import { openProviders, type ProviderSettings } from "#adapters/registry.ts";
import type { Surroundings } from "#adapters/surroundings.ts";
import type { Config } from "#gateway/config.ts";
import { loadConfig } from "#gateway/load-config.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";

export type Smoke = {
  readonly kind: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
};

/** What a run may read and change lasts so long at most. */
const readMs = 120_000;
const writeMs = 20 * 60_000;

const usage = `usage: node test/live/smoke.ts KIND
  TRADEWIND_LIVE_CONFIG   a tradewind.yaml that has a provider of this kind in a route
  TRADEWIND_LIVE_WRITE=1  also deploys a candidate and takes it back; what answers is not touched
  TRADEWIND_LIVE_IMAGE    the candidate's image by its digest, needed for that`;

/** One real provider, looked at and called once: 0 when all of it worked, 1 when not, 2 when something is missing. */
export async function runSmoke({ kind, env, say }: Smoke): Promise<number> {
  const missing = missingOf(kind, env);
  if (missing.length > 0) {
    say(`missing: ${missing.join(", ")}\n${usage}`);
    return 2;
  }
  const config = await loadConfig(env.TRADEWIND_LIVE_CONFIG ?? "");
  const surroundings: Surroundings = { clock: systemClock, chance: systemChance, env };
  const failed = await smokeProviders({ kind, config, surroundings, env, say });
  if (failed !== undefined) return failed === 0 ? 0 : 1;
  say(`missing: a provider of kind ${kind} in ${env.TRADEWIND_LIVE_CONFIG}\n${usage}`);
  return 2;
}

type Route = Pick<Config["routes"][number], "models" | "failover" | "canary" | "shadow">;

export type SmokeProviders = Smoke & {
  readonly config: Pick<Config, "providers"> & { readonly routes: readonly Route[] };
  readonly surroundings: Surroundings;
};

/** How many steps failed at the providers of one kind; undefined where there are none. */
export async function smokeProviders({ kind, say, ...given }: SmokeProviders): Promise<number | undefined> {
  const meant = Object.entries(given.config.providers).filter(([, settings]) => settings.kind === kind);
  if (meant.length === 0) return undefined;
  let failed = 0;
  for (const [name, settings] of meant) {
    const steps = createSteps(name, say);
    await smokeOne({ ...given, name, settings, steps });
    failed += steps.failed();
  }
  say(failed === 0 ? "all of it worked" : `${failed} ${failed === 1 ? "step" : "steps"} failed`);
  return failed;
}

function missingOf(kind: string | undefined, env: Smoke["env"]): string[] {
  const isWriting = env.TRADEWIND_LIVE_WRITE === "1";
  return [
    ...(kind === undefined ? ["KIND"] : []),
    ...(env.TRADEWIND_LIVE_CONFIG ? [] : ["TRADEWIND_LIVE_CONFIG"]),
    ...(isWriting && !env.TRADEWIND_LIVE_IMAGE ? ["TRADEWIND_LIVE_IMAGE"] : []),
  ];
}

type Steps = {
  /** Does one thing, says how long it took and what came of it, and goes on where it failed. */
  readonly step: <Found>(
    what: string,
    act: () => Promise<Found>,
    tell: (found: Found) => string,
  ) => Promise<Found | undefined>;
  readonly failed: () => number;
};

function createSteps(name: string, say: Smoke["say"]): Steps {
  let failed = 0;
  return {
    failed: () => failed,
    step: async (what, act, tell) => {
      const began = systemClock.elapsed();
      const took = (): string => `${Math.round(systemClock.elapsed() - began)} ms`;
      try {
        const found = await act();
        say(`${name}  ${what}  ${took()}  ${tell(found)}`);
        return found;
      } catch (thrown) {
        failed += 1;
        const { code, message, hint, cause } = asTradewindError(thrown);
        const why = [message, hint, cause instanceof Error ? cause.message : undefined].filter(Boolean);
        say(`${name}  ${what}  ${took()}  FAILED ${code}: ${why.join("; ")}`);
        return undefined;
      }
    },
  };
}

type One = {
  readonly name: string;
  readonly settings: ProviderSettings;
  readonly config: SmokeProviders["config"];
  readonly surroundings: Surroundings;
  readonly env: Smoke["env"];
  readonly steps: Steps;
};

async function smokeOne(one: One): Promise<void> {
  const { name, settings, surroundings, steps, env } = one;
  const { step } = steps;
  const opened = await step(
    "open",
    () => openProviders({ [name]: settings }, surroundings),
    () => "opened",
  );
  const control = await step(
    "open the control",
    () => openControl(settings, surroundings),
    () => "opened",
  );
  const provider = opened?.get(name);
  try {
    const signal = AbortSignal.timeout(readMs);
    if (control) await look(control, steps, signal);
    if (provider) await call(provider, one, signal);
    if (control && env.TRADEWIND_LIVE_WRITE === "1") await change(control, one);
  } finally {
    await control?.close();
    await provider?.close();
  }
}

async function look(control: ProviderControl, { step }: Steps, signal: AbortSignal): Promise<void> {
  await step("status", () => control.status({ signal }), tellStatus);
  await step(
    "price",
    () => control.price({ signal }),
    ({ usdPerHour, billing, from }) => `${usdPerHour ?? "?"} $/h, billed ${billing}, from ${from}`,
  );
}

function tellStatus({ desired, running, pending, revisions, troubles }: ProviderStatus): string {
  const names = revisions.map(({ name, role, state }) => `${role} ${name} ${state}`).join(", ");
  const complaints = troubles.map(({ kind, message }) => `${kind}: ${message}`).join("; ");
  const counts = `${running} of ${desired} run, ${pending} pending; ${names || "no revision"}`;
  return complaints === "" ? counts : `${counts}; ${complaints}`;
}

/** The demo's own sample: whatever the model is for, it can be looked at. */
const sample = join(import.meta.dirname, "../../inference/models/demo/sample.jpg");

async function call(provider: Provider, { name, config, steps }: One, signal: AbortSignal): Promise<void> {
  const found = await steps.step(
    "discover",
    () => provider.discover({ signal }),
    (endpoints) => `${endpoints.length} endpoints`,
  );
  const client = found?.[0]?.client;
  const model = config.routes.find((route) => providersOf(route).includes(name))?.models[0];
  if (!client || model === undefined) return;
  const described = await steps.step(
    "describe",
    () => client.describe(model, { signal }),
    ({ version, names }) => `${model} version ${version}, ${names.length} classes`,
  );
  if (!described) return;
  const image = await readFile(sample);
  const options = { conf: 0.25, iou: 0.7, maxDetections: 300 };
  await steps.step(
    "one image",
    () => client.detect({ model: described, image, options, signal }),
    ({ detections }) => `${detections.length} things found`,
  );
}

function providersOf({ failover, canary, shadow }: Route): string[] {
  const beside = [canary, shadow].flatMap((place) => place?.provider ?? []);
  return [...failover.flat().map(({ provider }) => provider), ...beside];
}

async function change(control: ProviderControl, { steps, surroundings, env }: One): Promise<void> {
  const { step } = steps;
  const signal = AbortSignal.timeout(writeMs);
  const calls: string[] = [];
  const hand = liveHand(surroundings, { tell: ({ action }) => calls.push(action), signal });
  const changing = { hand, signal };
  if (!control.capabilities.deploy) {
    await step(
      "deploy",
      async () => {},
      () => "not this platform's to do, so nothing is changed",
    );
    return;
  }
  const wanted = {
    id: `live-${Math.floor(surroundings.clock.now() / 1_000) % 1_000_000}`,
    image: env.TRADEWIND_LIVE_IMAGE ?? "",
  };
  const made = await step(
    "deploy a candidate",
    () => control.deploy(wanted, changing),
    ({ revision }) => `${revision} by ${calls.join(", ")}`,
  );
  if (!made) return;
  await step(
    "wait for it",
    () => stands(control, made.revision, changing),
    () => "it stands",
  );
  await step(
    "take it back",
    () => control.rollback(made, changing),
    () => `by ${calls.slice(-3).join(", ")}`,
  );
}

async function stands(
  control: ProviderControl,
  revision: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  for (;;) {
    const { revisions } = await control.status({ signal });
    const found = revisions.find(({ name }) => name === revision);
    if (found?.state === "ready") return;
    if (found?.state === "failed") throw new Error(found.why ?? "it failed");
    await systemClock.sleep(2_000, { signal });
  }
}
