import type { Origin } from "#edge/fetch/origin.ts";
import { openState } from "#edge/store/open-state.ts";
import { followLists } from "#edge/trust/follow-lists.ts";
import { type DeviceTrust, openTrust, type TrustDeps } from "#edge/trust/open-trust.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { findTarget } from "../../e2e/edge/find-target.ts";
import { beginning, createFakeClock } from "../fake-clock.ts";
import { createMemoryDisk, type MemoryDisk } from "./memory-disk.ts";
import type { SimulatedRepository } from "./simulated-repository.ts";

export type TrustingDevice = {
  readonly disk: MemoryDisk;
  readonly trust: DeviceTrust;
  readonly state: Awaited<ReturnType<typeof openState>>;
  /** `held`, or the code of what went wrong. */
  readonly refresh: () => Promise<string>;
  /** The same device after a restart. */
  readonly again: (changed?: Partial<TrustDeps>) => Promise<TrustingDevice>;
};

/** A device with nothing but its trust, on a disk in memory. */
export async function trustingDevice(
  repo: SimulatedRepository,
  changed: Partial<TrustDeps> & { readonly disk?: MemoryDisk; readonly firstRoot?: Uint8Array } = {},
): Promise<TrustingDevice> {
  const { disk = createMemoryDisk(), firstRoot = repo.published1(), ...rest } = changed;
  const state = await openState({ fs: disk, folder: "/data" });
  const trust = await openTrust({
    fs: disk,
    folder: "/data/trust",
    state,
    origins: [repo.origin()],
    firstRoot,
    clock: createFakeClock(),
    models: () => ["digits-n"],
    ...rest,
  });
  return {
    disk,
    trust,
    state,
    refresh: () => outcomeOf(trust.refresh({ signal: AbortSignal.timeout(20_000) })),
    again: (more = {}) => trustingDevice(repo, { ...changed, ...more, disk, firstRoot }),
  };
}

export type StepwiseClient = {
  readonly refresh: (options?: { now?: number }) => Promise<string>;
  readonly download: (...paths: readonly string[]) => Promise<string>;
  readonly downloaded: string[];
  readonly version: (role: string) => number | undefined;
  readonly versions: () => Readonly<Record<string, number>>;
  readonly raw: (role: string) => Buffer | undefined;
};

/** The device's trust as the specification's tests want it: a new process each time, and each list kept that held. */
export function stepwiseClient(
  repo: SimulatedRepository,
  { firstRoot = repo.published1(), origin = repo.origin() }: { firstRoot?: Uint8Array; origin?: Origin } = {},
): StepwiseClient {
  const disk = createMemoryDisk();
  const downloaded: string[] = [];
  let raw: ReadonlyMap<string, Uint8Array> = new Map([["root", firstRoot]]);
  const run = async (paths: readonly string[], now = beginning): Promise<string> => {
    await using state = await openState({ fs: disk, folder: "/data" });
    const lists = await followLists({
      fs: disk,
      folder: "/data/trust",
      state,
      origins: [origin],
      firstRoot,
      clock: createFakeClock({ startAt: now }),
      keepsEachStep: true,
      read: async (refreshing) => {
        for (const path of paths) {
          if (!(await findTarget(refreshing, path))) throw new Error(`no ${path}`);
          downloaded.push(path);
        }
      },
    });
    const outcome = await outcomeOf(lists.refresh({ signal: AbortSignal.timeout(20_000) }));
    raw = lists.raw().size > 0 ? lists.raw() : raw;
    return outcome;
  };
  const version = (role: string): number | undefined => {
    const bytes = raw.get(role);
    return bytes && JSON.parse(Buffer.from(bytes).toString()).signed.version;
  };
  return {
    refresh: ({ now } = {}) => run([], now),
    download: (...paths) => run(paths),
    downloaded,
    version,
    versions: () => Object.fromEntries([...raw.keys()].sort().map((role) => [role, version(role) ?? 0])),
    raw: (role) => (raw.has(role) ? Buffer.from(raw.get(role) ?? []) : undefined),
  };
}

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "held";
  } catch (error) {
    return asTradewindError(error).code;
  }
}
