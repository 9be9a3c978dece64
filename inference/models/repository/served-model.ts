import type { ModelSettings } from "#inference/models/model-settings.ts";
import type { ModelFile } from "#inference/models/repository.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Gate } from "#infra/runtime/gate.ts";
import { type Closable, HeldVersion, type Lease } from "./held-version.ts";
import { byVersion } from "./model-name.ts";
import type { ModelListing, ModelSource, VersionListing } from "./model-source.ts";
import { planVersions, type Revision, revisionOf } from "./plan-versions.ts";
import { createSettingsReader, type SettingsReader } from "./read-settings.ts";
import { createTurns } from "./turns.ts";
import { notReady, unknownVersion, VersionShelf } from "./version-shelf.ts";
import { failedLoad, type IndexEntry, isLasting } from "./version-state.ts";

/** A model's file with what its owner says of it. */
export type OpenRequest = ModelFile & { readonly settings: ModelSettings };

export type Surroundings<Loaded> = {
  readonly source: ModelSource;
  readonly open: (request: OpenRequest, options: { readonly signal: AbortSignal }) => Promise<Loaded>;
  readonly fetchGate: Gate;
  readonly openGate: Gate;
  /** Ends what is being loaded. */
  readonly signal: AbortSignal;
  readonly onChange: (entry: IndexEntry) => void;
};

export type ServeRequest = {
  /** Settings as JSON in place of those in `model.yaml`. */
  readonly config: string | undefined;
  /** Tries again what failed before, though it has not changed. */
  readonly again: boolean;
};

/** One model of a repository; what happens to it happens in turns. */
export class ServedModel<Loaded extends Closable> {
  readonly name: string;
  readonly turns = createTurns();
  /** What the source says of it; undefined when it is not there any more. */
  listing: ModelListing | undefined;
  /** Whether the process counts as ready only with it. */
  expected = false;
  readonly #around: Surroundings<Loaded>;
  readonly #shelf: VersionShelf<Loaded>;
  readonly #readSettings: SettingsReader;
  /** What is wrong with the model as a whole. */
  #trouble: TradewindError | undefined;

  constructor(name: string, around: Surroundings<Loaded>) {
    this.name = name;
    this.#around = around;
    this.#readSettings = createSettingsReader(around.source);
    this.#shelf = new VersionShelf(name, around.onChange);
  }

  /** Those in service, lowest first. */
  get ready(): readonly HeldVersion<Loaded>[] {
    return this.#shelf.ready;
  }

  get serves(): boolean {
    return this.ready.some(({ loaded }) => loaded.ready !== false);
  }

  /** Nothing of it is left, so it can be forgotten. */
  get isGone(): boolean {
    return !this.listing && !this.turns.busy && this.#shelf.isEmpty;
  }

  lease(version: string | undefined): Lease<Loaded> {
    const lease = this.#shelf.lease(version);
    if (lease) return lease;
    if (version === undefined || this.#versions().includes(version)) throw notReady(this.name, version);
    throw unknownVersion(this.name, version);
  }

  entries(): IndexEntry[] {
    const versions = this.#versions();
    if (versions.length > 0) return versions.map((version) => this.#shelf.entry(version, this.#trouble));
    const reason = this.#trouble?.message ?? this.listing?.problem ?? "not loaded";
    return [{ name: this.name, version: undefined, state: "UNAVAILABLE", reason }];
  }

  /** Brings into service what listing and settings ask for, and then takes out what they no longer ask for. */
  async serve({ config, again }: ServeRequest): Promise<void> {
    const { settings, offers } = await this.#read(config);
    const stays = new Set(again ? [] : offers.map(({ revision }) => revision));
    this.#shelf.forgetFailures(({ revision, error }) => isLasting(error) && stays.has(revision));
    const plan = planVersions({
      policy: settings.versionPolicy,
      offered: offers,
      loaded: this.ready.map(({ version, revision, loaded }) => ({
        version,
        // One that broke is as good as none, and is opened anew.
        revision: loaded.ready === false ? "broken" : revision,
      })),
      refused: this.#shelf.failures,
    });
    for (const version of plan.missing) this.#shelf.fail({ version, revision: "", error: notThere() });
    const asked = new Map(offers.map((offer) => [offer.version, offer]));
    for (const { version } of plan.open) {
      const offer = asked.get(version);
      if (offer) await this.#load(offer, settings);
    }
    if (this.#shelf.failures.length > 0) throw failedLoad(this.name, this.#shelf.failures, this.ready);
    for (const version of plan.close) this.#shelf.retire(version);
  }

  /** Takes everything out of service at once; what is leased stays open until it is released. */
  unload(): void {
    this.expected = false;
    this.#trouble = undefined;
    this.#shelf.forgetFailures(() => false);
    for (const { version } of this.ready) this.#shelf.retire(version);
  }

  drained(): Promise<void> {
    return this.#shelf.drained();
  }

  #versions(): string[] {
    const listed = this.listing?.versions.map(({ version }) => version) ?? [];
    return [...new Set([...listed, ...this.#shelf.versions])].sort(byVersion);
  }

  async #read(config: string | undefined): Promise<{ settings: ModelSettings; offers: readonly Offer[] }> {
    const { listing } = this;
    try {
      if (!listing || listing.problem !== undefined) throw unusable(listing?.problem);
      const settings = await this.#readSettings(listing, config, this.#around.signal);
      this.#trouble = undefined;
      return { settings, offers: listing.versions.map((version) => offerOf(version, settings)) };
    } catch (error) {
      if (this.#around.signal.aborted) throw closing();
      const trouble = asTradewindError(error);
      this.#blame(trouble);
      throw failedLoad(this.name, [{ error: trouble }], this.ready);
    }
  }

  #blame(trouble: TradewindError): void {
    // A caller's slip says nothing about the model.
    if (trouble.code === "request_malformed" || trouble.message === this.#trouble?.message) return;
    this.#trouble = trouble;
    const state = this.serves ? "READY" : "UNAVAILABLE";
    this.#around.onChange({ name: this.name, version: undefined, state, reason: trouble.message });
  }

  async #load(offer: Offer, settings: ModelSettings): Promise<void> {
    const { version, revision } = offer;
    try {
      await this.#shelf.load(version, () => this.#open(offer, settings));
      this.expected = true;
    } catch (error) {
      if (this.#around.signal.aborted) throw closing();
      this.#shelf.fail({ version, revision, error: asTradewindError(error) });
    }
  }

  async #open(offer: Offer, settings: ModelSettings): Promise<HeldVersion<Loaded>> {
    const { source, open, fetchGate, openGate, signal } = this.#around;
    const pins = pinsOf(settings, offer.version);
    const fetched = await fetchGate(async () => {
      signal.throwIfAborted();
      return await source.fetch(this.name, offer, { pins, signal });
    });
    try {
      const loaded = await openGate(async () => {
        signal.throwIfAborted();
        return await open({ ...fetched.file, settings }, { signal });
      });
      const held = new HeldVersion({ version: offer.version, revision: offer.revision, loaded, fetched });
      if (!signal.aborted) return held;
      await held.retire();
      throw closing();
    } catch (error) {
      await fetched[Symbol.asyncDispose]();
      throw error;
    }
  }
}

type Offer = VersionListing & Revision;

function offerOf(version: VersionListing, settings: ModelSettings): Offer {
  return { ...version, revision: revisionOf(settings, version.version, version.stamp) };
}

/** Where some version is pinned, one that is not was put there by somebody else. */
function pinsOf({ pins }: ModelSettings, version: string): ModelSettings["pins"][string] | undefined {
  const pinned = Object.hasOwn(pins, version) ? pins[version] : undefined;
  if (pinned || Object.keys(pins).length === 0) return pinned;
  throw new TradewindError("model_unusable", `sha256 in model.yaml has no entry for version ${version}`);
}

function notThere(): TradewindError {
  return new TradewindError("model_unusable", "version_policy names it, and it is not in the repository");
}

function unusable(problem = "it is not in the repository any more"): TradewindError {
  return new TradewindError("model_unusable", problem);
}

function closing(): TradewindError {
  return new TradewindError("draining", "the model repository is being closed");
}
