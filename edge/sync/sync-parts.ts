import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { FailureCause, Plan } from "#infra/runtime/devices/words.ts";
import type { Log } from "#infra/runtime/log.ts";
import type { RunningModels } from "../answer/running-model.ts";
import type { DailyWindow } from "../config/window.ts";
import type { GatewayClient } from "../device/gateway-client.ts";
import type { Origin } from "../fetch/origin.ts";
import type { Pace } from "../fetch/pace.ts";
import type { Baseline } from "../health/baseline.ts";
import type { StateStore } from "../store/device-state.ts";
import type { FileSystem } from "../store/file-system.ts";
import type { Shelf } from "../store/shelf.ts";
import type { ShelfItem } from "../store/shelf-item.ts";
import type { DeviceTrust } from "../trust/open-trust.ts";
import type { Machine } from "./choose-artefact.ts";
import type { Told } from "./is-news.ts";
import type { Failure, SyncAsk } from "./plan-sync.ts";

/** What a sync works with. */
export type SyncParts = {
  readonly fs: FileSystem;
  /** The device's own. */
  readonly folder: string;
  readonly machine: Machine;
  readonly store: StateStore;
  readonly shelf: Shelf;
  readonly running: RunningModels;
  readonly client: GatewayClient;
  /** Mirrors first, the gateway last. */
  readonly origins: readonly Origin[];
  /** Opened when the first root is known. */
  readonly openTrust: (firstRoot: Uint8Array) => Promise<DeviceTrust>;
  readonly tryModel: TryModel;
  readonly builtIn: BuiltIn;
  readonly health: HealthHand;
  /** Of the configuration: only these models. */
  readonly only: readonly string[] | undefined;
  readonly window: DailyWindow | undefined;
  readonly pace: Pace;
  readonly memo: SyncMemo;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
};

export type HealthHand = {
  /**
   * After a start and whenever the state names another release: watches what is on probation, and nothing else, and
   * recalls what is known of what is not. Said before a release that is known answers, or that would be all it is known by.
   */
  readonly follow: (model: string) => void;
  /** Writes down what was seen, for the next start; what the disk does not take is tried again later. */
  readonly note: () => Promise<void>;
  /** What the active one is like, for the one that takes its place; null where nobody knows. */
  readonly usualOf: (model: string) => Baseline | null;
};

/** Models that came with the device, by name. */
export type BuiltIn = ReadonlyMap<string, { readonly version: string; readonly path: string }>;

/** Answers the golden images in a process of its own. */
export type TryModel = (item: ShelfItem, options: { readonly signal: AbortSignal }) => Promise<Verdict>;

export type Verdict =
  /** Parts per million of the golden answers that were met. */
  | { readonly held: true; readonly agreement: number }
  | { readonly held: false; readonly cause: FailureCause; readonly detail: string };

/** What is known between one sync and the next, and may be forgotten. */
export type SyncMemo = {
  trust: DeviceTrust | undefined;
  lists: SyncAsk["lists"];
  /** When newer lists were last asked for with success, by the clock that never runs backwards, and of which models. */
  listed: { readonly atMs: number; readonly models: readonly string[] } | undefined;
  /** When the lists were last known to be the newest, by the time that they are held against. */
  foundFreshMs: number;
  plan: Plan | undefined;
  /** Why updates rest. */
  trouble: string | null;
  /** The report that was taken last. */
  told: Told | undefined;
  /** Releases on their way, by model. */
  readonly onTheWay: Map<string, number>;
  readonly failures: Map<string, Failure>;
  /** Files that are to come here, whatever of them is here already. */
  wanted: ReadonlySet<string>;
  /** Files on the shelf that were found to be damaged. */
  readonly damaged: Set<string>;
  /** By the clock that never runs backwards. */
  verifiedAtMs: number;
  /** Somebody before this device asked for another key than the one it has. */
  isKeyWished: boolean;
  syncs: number;
  lastSyncMs: number | undefined;
  /** Of model files, over the line since the start. */
  fetchedBytes: number;
};

export function createMemo(now: number): SyncMemo {
  return {
    ...{ trust: undefined, lists: "unreachable", plan: undefined, trouble: null },
    ...{ listed: undefined, foundFreshMs: 0, told: undefined },
    ...{ onTheWay: new Map(), failures: new Map(), wanted: new Set(), damaged: new Set() },
    ...{ verifiedAtMs: now, isKeyWished: false, syncs: 0, lastSyncMs: undefined, fetchedBytes: 0 },
  };
}
