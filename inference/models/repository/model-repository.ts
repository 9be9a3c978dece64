import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createGate } from "#infra/runtime/gate.ts";
import type { Closable, Lease } from "./held-version.ts";
import { isModelName } from "./model-name.ts";
import type { ModelListing, ModelSource } from "./model-source.ts";
import { type OpenRequest, ServedModel, type Surroundings } from "./served-model.ts";
import { unknownModel } from "./version-shelf.ts";
import type { IndexEntry } from "./version-state.ts";

/** Who decides what is loaded: the folder at start, callers, or the folder again and again. */
export type Control =
  | { readonly mode: "none" }
  | { readonly mode: "explicit"; readonly load: "all" | readonly string[] }
  | { readonly mode: "poll"; readonly everyMs: number };

export type RepositoryOptions<Loaded extends Closable> = {
  readonly source: ModelSource;
  /** Opens a model and warms it; what it gives is closed by the repository. */
  readonly open: (request: OpenRequest, options: { readonly signal: AbortSignal }) => Promise<Loaded>;
  readonly control: Control;
  readonly clock: Clock;
  /** Ends loading and polling; what is loaded is ended by `close()`. */
  readonly signal: AbortSignal;
  /** Models that open at once. One is the default: while it opens, a model takes several times its size. */
  readonly opensAtOnce?: number;
  readonly onChange?: (entry: IndexEntry) => void;
};

export type LoadOptions = {
  /** Settings as JSON in the words of `model.yaml`, in place of the file's until the next load. */
  readonly config?: string;
  /** Files that a caller sends along: refused, since a model is code and only the owner puts it there. */
  readonly files?: readonly string[];
};

/**
 * Models by name and version, and what becomes of them while requests hold them. A repository is
 *
 *   STARTING   it loads what it is to start with; not ready
 *   OPEN       leases are given, models come and go; ready while every model that it is to have serves
 *   CLOSING    after `close()`: loading is given up, no lease is given, those that are out are waited for
 *   CLOSED     everything is closed
 */
export class Repository<Loaded extends Closable> implements AsyncDisposable {
  readonly #options: RepositoryOptions<Loaded>;
  readonly #around: Surroundings<Loaded>;
  readonly #models = new Map<string, ServedModel<Loaded>>();
  readonly #ending = new AbortController();
  #state: "STARTING" | "OPEN" | "CLOSING" | "CLOSED" = "STARTING";
  #polling: Promise<void> = Promise.resolve();
  #looking: Promise<void> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | undefined;

  constructor(options: RepositoryOptions<Loaded>) {
    this.#options = options;
    const { source, open, opensAtOnce = 1, onChange = () => {} } = options;
    const signal = AbortSignal.any([options.signal, this.#ending.signal]);
    // One fetches while another opens; more would fill disk and network with what waits for memory.
    const gates = { fetchGate: createGate(2), openGate: createGate(opensAtOnce) };
    this.#around = { source, open, signal, onChange, ...gates };
  }

  /** To be called once, by whoever opened it. Resolves to what kept models from loading. */
  async start(): Promise<readonly unknown[]> {
    await this.#look();
    const { control, source } = this.#options;
    const names =
      control.mode === "explicit" && control.load !== "all" ? control.load : [...this.#models.keys()];
    if (names.length === 0 && control.mode === "none") throw noModels();
    const results = await Promise.allSettled(names.map((name) => this.#startOne(name)));
    this.#around.signal.throwIfAborted();
    await source.tidy();
    if (this.#state === "STARTING") this.#state = "OPEN";
    if (control.mode === "poll") this.#polling = this.#poll(control.everyMs);
    return results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  }

  /** Whether every model that should serve does. */
  get ready(): boolean {
    if (this.#state !== "OPEN") return false;
    return [...this.#models.values()].every(({ expected, serves }) => !expected || serves);
  }

  /** The loaded model, to be disposed when the request is done; without a version the highest that is loaded. */
  lease(name: string, version?: string): Lease<Loaded> {
    if (this.#state === "CLOSING" || this.#state === "CLOSED") throw draining();
    const model = this.#models.get(name);
    if (!model || model.isGone) throw unknownModel(name);
    return model.lease(version);
  }

  /** Versions of a model in service, lowest first. */
  versions(name: string): readonly string[] {
    return this.#models.get(name)?.ready.map(({ version }) => version) ?? [];
  }

  /** All that is in service, for whoever lists or measures it; to use one, lease it. */
  get serving(): readonly { readonly name: string; readonly version: string; readonly loaded: Loaded }[] {
    return [...this.#models.values()].flatMap(({ name, ready }) =>
      ready.map(({ version, loaded }) => ({ name, version, loaded })),
    );
  }

  /** Everything known, by name and version. */
  async index(): Promise<readonly IndexEntry[]> {
    // Under polling it is known already, and without control it can't change.
    if (this.#options.control.mode === "explicit") await this.#lookAgain();
    for (const [name, model] of this.#models) if (model.isGone) this.#models.delete(name);
    const models = [...this.#models.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
    return models.flatMap((model) => model.entries());
  }

  /** Loads a model, or brings it up to date with its files; what served before serves until the new one is ready. */
  async load(name: string, { config, files = [] }: LoadOptions = {}): Promise<void> {
    this.#refuseUncontrolled();
    if (files.length > 0) throw noFiles();
    const model = await this.#find(name);
    await model.turns.take(`load ${config ?? ""}`, async () => {
      await this.#lookAt(name);
      if (!model.listing) throw unknownModel(name);
      await model.serve({ config, again: true });
    });
    await this.#options.source.tidy();
  }

  /**
   * Takes a model out of service. It resolves when no lease is given any more; those that are out keep what they have.
   * No model here depends on another, so there are no dependents to unload with it.
   */
  async unload(name: string): Promise<void> {
    this.#refuseUncontrolled();
    const model = await this.#find(name);
    await model.turns.take("unload", async () => model.unload());
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #refuseUncontrolled(): void {
    if (this.#state === "CLOSING" || this.#state === "CLOSED") throw draining();
    const { mode } = this.#options.control;
    if (mode !== "explicit") throw uncontrolled(mode);
  }

  async #startOne(name: string): Promise<void> {
    const model = this.#models.get(name);
    if (!model) throw unknownModel(name);
    model.expected = true;
    await model.turns.take("load ", () => model.serve({ config: undefined, again: true }));
  }

  async #find(name: string): Promise<ServedModel<Loaded>> {
    const known = this.#models.get(name);
    if (known && !known.isGone) return known;
    if (isModelName(name)) await this.#lookAt(name);
    const found = this.#models.get(name);
    if (!found) throw unknownModel(name);
    return found;
  }

  async #lookAt(name: string): Promise<void> {
    const { source } = this.#options;
    const [listing] = await source.list({ signal: this.#around.signal, model: name });
    this.#note(name, listing);
  }

  async #look(): Promise<void> {
    const { source, clock } = this.#options;
    const listings = await source.list({ signal: this.#around.signal });
    const listed = new Map(listings.map((listing) => [listing.name, listing]));
    for (const name of new Set([...this.#models.keys(), ...listed.keys()]))
      this.#note(name, listed.get(name));
    this.#lookedAt = clock.elapsed();
  }

  #note(name: string, listing: ModelListing | undefined): void {
    const model = this.#models.get(name) ?? new ServedModel<Loaded>(name, this.#around);
    model.listing = listing;
    if (model.isGone) this.#models.delete(name);
    else this.#models.set(name, model);
  }

  /** Callers may ask often; the source is looked at once for all of them, and answers without it where it must. */
  async #lookAgain(): Promise<void> {
    if (this.#state !== "OPEN" || this.#options.clock.elapsed() - this.#lookedAt < freshForMs) return;
    this.#looking ??= this.#look()
      .catch((error: unknown) => sideConcernSkipped.publish({ what: "model_repository_look", error }))
      .finally(() => {
        this.#looking = undefined;
      });
    await this.#looking;
  }

  async #poll(everyMs: number): Promise<void> {
    const { signal } = this.#around;
    while (!signal.aborted) {
      try {
        await this.#options.clock.sleep(everyMs, { signal });
        await this.#follow();
      } catch (error) {
        if (!signal.aborted) sideConcernSkipped.publish({ what: "model_repository_poll", error });
      }
    }
  }

  /** One look at the source, and everything that follows from it; models that fail keep what they had. */
  async #follow(): Promise<void> {
    await this.#look();
    const following = [...this.#models.values()].map((model) =>
      model.turns.take("follow", async () => {
        if (model.listing) await model.serve({ config: undefined, again: false });
        else model.unload();
      }),
    );
    // What failed is in the index and was told.
    await Promise.allSettled(following);
    await this.#options.source.tidy();
  }

  async #drain(): Promise<void> {
    this.#state = "CLOSING";
    this.#ending.abort(draining());
    await this.#polling;
    const closing = [...this.#models.values()].map(async (model) => {
      await model.turns.rest();
      model.unload();
      await model.drained();
    });
    await Promise.all(closing);
    this.#state = "CLOSED";
  }
}

const freshForMs = 1_000;

function draining(): TradewindError {
  return new TradewindError("draining", "the model repository is being closed");
}

function uncontrolled(mode: "none" | "poll"): TradewindError {
  const message =
    mode === "none"
      ? "model control is off: what is served was decided when the backend started"
      : "the model repository is polled: models come and go with their files";
  return new TradewindError("request_malformed", message, {
    hint: "start the backend with explicit model control to load and unload by request",
  });
}

function noFiles(): TradewindError {
  return new TradewindError("request_malformed", "a load request cannot bring files of its own", {
    hint: "put the files into the model repository and load the model from there",
  });
}

function noModels(): TradewindError {
  return new TradewindError("model_unusable", "there is no model in the repository", {
    hint: "put files there as <model>/<version>/model.onnx, for example digits-s/1/model.onnx",
  });
}
