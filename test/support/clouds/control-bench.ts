import { expect, onTestFinished, vi } from "vitest";
import type { Deployment, ProviderControl, ProviderStatus, Scaling } from "#adapters/control.ts";
import { openControl } from "#adapters/controls.ts";
import { type Hand, liveHand, type ProviderCall } from "#adapters/hand.ts";
import type { Provider } from "#adapters/provider.ts";
import { capabilitiesOf, openProviders, type ProviderSettings } from "#adapters/registry.ts";
import type { Surroundings } from "#adapters/surroundings.ts";
import { versionOfImage } from "./light-world.ts";
import type { CloudFake, World } from "./world.ts";

export type OpenedSubject = AsyncDisposable & {
  readonly fake: CloudFake;
  readonly world: World;
  /** Settings of what answers; the candidate's are made of it. */
  readonly settings: ProviderSettings;
  readonly surroundings: Surroundings;
  /** What the world can run, and what it cannot; the first stands already, with one instance. */
  readonly images: { readonly v1: string; readonly v2: string; readonly broken: string };
};

export type ControlSubject = {
  readonly name: string;
  readonly open: () => Promise<OpenedSubject>;
  /** The calls to which faults are given: one that status makes, one that scale makes, one that deploy makes. */
  readonly actions: { readonly read: string; readonly scale: string; readonly deploy: string };
};

/** One place with both of its planes open. */
export type Bench = OpenedSubject & {
  readonly control: ProviderControl;
  readonly stable: Provider;
  readonly candidate: Provider;
  readonly hand: Hand;
  /** What the hand was told. */
  readonly told: ProviderCall[];
  readonly signal: AbortSignal;
  readonly status: () => Promise<ProviderStatus>;
};

/** Proves one thing of a place that was just opened. */
export type Holds = (behaviour: string, prove: (bench: Bench) => Promise<void>) => void;

export const patience = { timeout: 15_000, interval: 25 };

export async function openBench(open: ControlSubject["open"]): Promise<Bench> {
  const subject = await open();
  const { settings, surroundings } = subject;
  const control = await openControl(settings, surroundings);
  const both = { stable: settings, candidate: { ...settings, revision: "candidate" } as ProviderSettings };
  const providers = await openProviders(both, surroundings);
  const [stable, candidate] = [providers.get("stable"), providers.get("candidate")];
  if (!stable || !candidate) throw new Error("providers were not opened");
  onTestFinished(async () => {
    for (const one of [control, stable, candidate, control, stable, candidate]) await one.close();
    await subject[Symbol.asyncDispose]();
  });
  const signal = AbortSignal.timeout(35_000);
  const told: ProviderCall[] = [];
  const hand = liveHand(surroundings, { tell: (call) => told.push(call), signal });
  const parts = { control, stable, candidate, hand, told, signal };
  return { ...subject, ...parts, status: () => control.status({ signal }) };
}

/** As the place keeps it: a count, or a least and a most. */
export function more({ settings }: Bench): Scaling {
  return capabilitiesOf(settings).scale === "count" ? { count: 2 } : { least: 2, most: 3 };
}

export function newOf({ images }: Bench): Deployment {
  return { id: "r1", image: images.v2, models: "/models/two" };
}

/** Deploys, and waits until the candidate stands. */
export async function standNew(bench: Bench): Promise<string> {
  const { revision } = await bench.control.deploy(newOf(bench), bench);
  await vi.waitFor(async () => {
    const { revisions } = await bench.status();
    expect(revisions.find(({ role }) => role === "candidate")).toMatchObject({
      state: "ready",
      name: revision,
    });
  }, patience);
  return revision;
}

export async function promoteNew(bench: Bench): Promise<string> {
  const revision = await standNew(bench);
  await bench.control.promote({ revision }, bench);
  await expectStable(bench, bench.images.v2);
  return revision;
}

export async function expectStable(bench: Bench, image: string): Promise<void> {
  await vi.waitFor(async () => {
    const { revisions, isSettled } = await bench.status();
    expect(revisions.find(({ role }) => role === "stable")).toMatchObject({
      image,
      share: 1,
      state: "ready",
    });
    expect(revisions.find(({ role }) => role === "candidate")).toBeUndefined();
    expect(isSettled).toBe(true);
  }, patience);
}

export async function expectInstances(bench: Bench, count: number): Promise<void> {
  await vi.waitFor(() => {
    const ready = bench.world.instances().filter((one) => one.state() === "ready");
    expect(ready.length).toBeGreaterThanOrEqual(count);
  }, patience);
}

/** Every endpoint answers, and says which image it runs. */
export async function expectAnswers(provider: Provider, image: string, signal: AbortSignal): Promise<void> {
  const endpoints = await provider.discover({ signal });
  expect(endpoints.length).toBeGreaterThan(0);
  for (const { client } of endpoints) {
    const { version } = await client.describe("digits-s", { signal });
    expect(version).toBe(versionOfImage(image));
  }
}
