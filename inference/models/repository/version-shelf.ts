import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Closable, HeldVersion, Lease } from "./held-version.ts";
import { byVersion, shown } from "./model-name.ts";
import type { Failure, IndexEntry, VersionState } from "./version-state.ts";

/**
 * The versions of one model that are, or were to be, in this process. Each is
 *
 *   LOADING      being fetched, opened and warmed; nothing of it serves yet
 *   READY        leases are given; a newer revision of it may be loading beside it, and takes its place in one step
 *   UNLOADING    out of service, open until its last lease is released
 *   UNAVAILABLE  not open: never asked for, unloaded, or failed, and then the reason says how
 */
export class VersionShelf<Loaded extends Closable> {
  readonly #name: string;
  readonly #onChange: (entry: IndexEntry) => void;
  readonly #ready = new Map<string, HeldVersion<Loaded>>();
  readonly #leaving = new Map<HeldVersion<Loaded>, Promise<void>>();
  readonly #loading = new Set<string>();
  readonly #failures = new Map<string, Failure>();
  readonly #unloaded = new Set<string>();
  readonly #told = new Map<string, string>();
  #highest: HeldVersion<Loaded> | undefined;

  constructor(name: string, onChange: (entry: IndexEntry) => void) {
    this.#name = name;
    this.#onChange = onChange;
  }

  /** Those in service, lowest first. */
  get ready(): readonly HeldVersion<Loaded>[] {
    return [...this.#ready.values()].sort((one, other) => byVersion(one.version, other.version));
  }

  get failures(): readonly Failure[] {
    return [...this.#failures.values()];
  }

  /** Nothing is open. */
  get isEmpty(): boolean {
    return this.#ready.size + this.#leaving.size + this.#loading.size === 0;
  }

  /** Every version that has something to tell. */
  get versions(): Iterable<string> {
    const leaving = [...this.#leaving.keys()].map(({ version }) => version);
    return new Set([...this.#ready.keys(), ...this.#loading, ...leaving, ...this.#failures.keys()]);
  }

  /** Without a version, the highest in service. */
  lease(version: string | undefined): Lease<Loaded> | undefined {
    return (version === undefined ? this.#highest : this.#ready.get(version))?.lease();
  }

  /** Loads a version and puts it into service; the one that had its place serves until then, and leaves after it. */
  async load(version: string, open: () => Promise<HeldVersion<Loaded>>): Promise<void> {
    this.#loading.add(version);
    this.#tell(version);
    try {
      const held = await open();
      const before = this.#ready.get(version);
      this.#ready.set(version, held);
      this.#findHighest();
      this.#unloaded.delete(version);
      if (before) this.#leave(before);
    } finally {
      this.#loading.delete(version);
    }
    this.#tell(version);
  }

  fail(failure: Failure): void {
    this.#failures.set(failure.version, failure);
    this.#tell(failure.version);
  }

  forgetFailures(keep: (failure: Failure) => boolean): void {
    for (const failure of this.failures) if (!keep(failure)) this.#failures.delete(failure.version);
  }

  /** Takes a version out of service at once; what is leased of it stays open until it is released. */
  retire(version: string): void {
    const held = this.#ready.get(version);
    if (!held) return;
    this.#ready.delete(version);
    this.#findHighest();
    this.#unloaded.add(version);
    this.#leave(held);
    this.#tell(version);
  }

  /** Resolves when nothing that left service is open any more. */
  async drained(): Promise<void> {
    while (this.#leaving.size > 0) await Promise.all(this.#leaving.values());
  }

  entry(version: string, trouble?: TradewindError): IndexEntry {
    const state = this.#stateOf(version);
    return { name: this.#name, version, state, reason: this.#reasonOf(version, state, trouble) };
  }

  #stateOf(version: string): VersionState {
    if (this.#ready.has(version)) return "READY";
    if (this.#loading.has(version)) return "LOADING";
    return [...this.#leaving.keys()].some((held) => held.version === version) ? "UNLOADING" : "UNAVAILABLE";
  }

  #reasonOf(version: string, state: VersionState, trouble?: TradewindError): string | undefined {
    const problem = this.#failures.get(version)?.error ?? trouble;
    if (state === "READY") return problem && `served as it was, the change failed: ${problem.message}`;
    if (state !== "UNAVAILABLE") return undefined;
    return problem?.message ?? (this.#unloaded.has(version) ? "unloaded" : "not loaded");
  }

  #findHighest(): void {
    this.#highest = this.ready.at(-1);
  }

  #leave(held: HeldVersion<Loaded>): void {
    const { version } = held;
    const closed = held.retire().catch((error: unknown) => {
      // It is out of service, whatever it left behind.
      sideConcernSkipped.publish({ what: "model_close", detail: `${this.#name}:${version}`, error });
    });
    const gone = closed.then(() => {
      this.#leaving.delete(held);
      this.#tell(version);
    });
    this.#leaving.set(held, gone);
  }

  /** A version that stays as it was, look after look, is told of once. */
  #tell(version: string): void {
    const entry = this.entry(version);
    const told = `${entry.state} ${entry.reason}`;
    if (this.#told.get(version) === told) return;
    this.#told.set(version, told);
    this.#onChange(entry);
  }
}

/** Why a known model gives no lease, in words for its caller. */
export function notReady(name: string, version: string | undefined): TradewindError {
  const what = version === undefined ? `model '${name}'` : `version ${version} of model '${name}'`;
  return new TradewindError("model_not_ready", `${what} is not loaded`);
}

export function unknownModel(name: string): TradewindError {
  return new TradewindError("model_unknown", `there is no model '${shown(name)}'`);
}

export function unknownVersion(name: string, version: string): TradewindError {
  return new TradewindError("model_unknown", `model '${name}' has no version '${shown(version)}'`);
}
