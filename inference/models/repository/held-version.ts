import type { FetchedModel } from "./model-source.ts";
import type { Revision } from "./plan-versions.ts";

/** What a repository can hold. */
export type Closable = {
  readonly close: () => Promise<void>;
  /** False when it is broken for good; where it is not told, it is taken to be well. */
  readonly ready?: boolean;
};

/** A loaded model that stays open until it is disposed, whatever happens to the repository meanwhile. */
export type Lease<Loaded> = Disposable & { readonly version: string; readonly loaded: Loaded };

export type HeldVersionParts<Loaded> = Revision & {
  readonly loaded: Loaded;
  readonly fetched: FetchedModel;
};

/**
 * One opened version of a model, and those who use it. It is
 *
 *   READY      leases are given
 *   UNLOADING  after `retire()`: no lease is given any more, those that are out are waited for
 *   CLOSED     the last lease came back: what was opened is closed, then its files are let go
 */
export class HeldVersion<Loaded extends Closable> implements Revision {
  readonly version: string;
  readonly revision: string;
  readonly loaded: Loaded;
  readonly #fetched: FetchedModel;
  readonly #unused = Promise.withResolvers<void>();
  #state: "READY" | "UNLOADING" | "CLOSED" = "READY";
  #leases = 0;
  #closing: Promise<void> | undefined;

  constructor({ version, revision, loaded, fetched }: HeldVersionParts<Loaded>) {
    this.version = version;
    this.revision = revision;
    this.loaded = loaded;
    this.#fetched = fetched;
  }

  /** To be asked for only before `retire()`. */
  lease(): Lease<Loaded> {
    if (this.#state !== "READY") throw new Error(`version ${this.version} was leased after its end`);
    this.#leases += 1;
    let returned = false;
    const giveBack = (): void => {
      if (returned) return;
      returned = true;
      this.#giveBack();
    };
    return { version: this.version, loaded: this.loaded, [Symbol.dispose]: giveBack };
  }

  /** Resolves when everything is closed. */
  retire(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #giveBack(): void {
    this.#leases -= 1;
    if (this.#leases === 0 && this.#state === "UNLOADING") this.#unused.resolve();
  }

  async #close(): Promise<void> {
    this.#state = "UNLOADING";
    if (this.#leases > 0) await this.#unused.promise;
    this.#state = "CLOSED";
    try {
      await this.loaded.close();
    } finally {
      await this.#fetched[Symbol.asyncDispose]();
    }
  }
}
