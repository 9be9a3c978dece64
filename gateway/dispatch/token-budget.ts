/**
 * What may be done beside the plain course of requests: each request earns a share of a token, each extra copy takes a
 * whole one. It starts with some, so that the first failures after a start are not left alone.
 */
export class TokenBudget {
  readonly #share: number;
  readonly #most: number;
  #tokens: number;

  constructor({
    share,
    most,
    first,
  }: { readonly share: number; readonly most: number; readonly first: number }) {
    this.#share = share;
    this.#most = most;
    this.#tokens = Math.min(first, most);
  }

  get tokens(): number {
    return this.#tokens;
  }

  /** 0 when it is full, 1 when nothing is left. */
  get scarcity(): number {
    return this.#most === 0 ? 1 : 1 - this.#tokens / this.#most;
  }

  earn(): void {
    this.#tokens = Math.min(this.#most, this.#tokens + this.#share);
  }

  /** Whether there was one to take. */
  take(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
