import type { BillingKind, Terms } from "#adapters/terms.ts";

/** Terms whose prices may change in the middle of a run, for the bill and for whoever chooses. */
export type ChangingTerms = {
  -readonly [Key in keyof Terms]: Terms[Key];
};

/**
 * What a cloud would charge for one backend, whatever anybody estimated. Only what happens from a given moment on is
 * counted, so that a run may warm up first.
 */
export class Bill {
  readonly billing: BillingKind;
  readonly #terms: ChangingTerms;
  readonly #fromMs: number;
  #timeUsd = 0;
  #requestsUsd = 0;
  #egressUsd = 0;
  #paidMs = 0;

  constructor(terms: ChangingTerms, fromMs: number) {
    this.#terms = terms;
    this.#fromMs = fromMs;
    this.billing = terms.billing;
  }

  /** An instance's time that has to be paid, at the price of now. */
  time(fromMs: number, toMs: number): void {
    const ms = toMs - Math.max(fromMs, this.#fromMs);
    if (ms <= 0) return;
    this.#paidMs += ms;
    this.#timeUsd += (ms * this.#terms.usdPerSecond) / 1_000;
  }

  request(now: number): void {
    if (now >= this.#fromMs) this.#requestsUsd += this.#terms.usdPerRequest;
  }

  egress(bytes: number, now: number): void {
    if (now >= this.#fromMs) this.#egressUsd += bytes * this.#terms.egressUsdPerGb * 1e-9;
  }

  changePrices(factor: number): void {
    this.#terms.usdPerSecond *= factor;
    this.#terms.usdPerRequest *= factor;
  }

  read(): BillRead {
    const usd = this.#timeUsd + this.#requestsUsd + this.#egressUsd;
    const fixedUsd = this.billing === "provisioned" ? this.#timeUsd : 0;
    return {
      usd,
      variableUsd: usd - fixedUsd,
      egressUsd: this.#egressUsd,
      paidSeconds: this.#paidMs / 1_000,
    };
  }
}

export type BillRead = {
  readonly usd: number;
  /** Without what is paid whether it works or not. */
  readonly variableUsd: number;
  readonly egressUsd: number;
  readonly paidSeconds: number;
};
