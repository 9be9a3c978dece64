import type { Dispatcher, Pool } from "undici";
import { invalidAnswer } from "./open-inference-errors.ts";

export type SentRequest = {
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Several pieces need their sum as `content-length` among the headers. */
  readonly body: Uint8Array | readonly Uint8Array[] | undefined;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  /** Called when a connection takes the request, before a byte of it is on its way. */
  readonly onSent?: () => void;
};

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export type Exchanged = {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
};

/**
 * One request and its whole answer, whatever its status. By undici's own events: its `request` makes a stream of each
 * answer, which at 2 KB costs as much again as all the rest.
 */
export function exchange(pool: Pool, request: SentRequest): Promise<Exchanged> {
  return new Promise((resolve, reject) => new Exchange(request, resolve, reject).begin(pool));
}

/** Of a refusal a sentence is wanted; what is longer is cut, and the connection with it. */
const mostRefusalBytes = 65_536;

/**
 * States: WAITING for a connection, SENT when it has one, READING when the head of the answer is here, and then SETTLED,
 * after which nothing that still arrives counts.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: SentRequest;
  readonly #resolve: (answer: Exchanged) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onAbort = (): void => this.#fail(this.#request.signal.reason);
  #controller: Dispatcher.DispatchController | undefined;
  #isSettled = false;
  #status = 0;
  #headers: AnswerHeaders = {};
  #memory: Buffer = nothing;
  #bytes = 0;
  #limit = 0;

  constructor(request: SentRequest, resolve: (answer: Exchanged) => void, reject: (error: unknown) => void) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(pool: Pool): void {
    const { method, path, headers, body = null, signal } = this.#request;
    if (signal.aborted) {
      this.#fail(signal.reason);
      return;
    }
    signal.addEventListener("abort", this.#onAbort, { once: true });
    // Who calls says how long it may take, by the signal.
    const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
    pool.dispatch({ method, path, headers, body, ...timeouts } as Dispatcher.DispatchOptions, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Aborting would close the connection that has just become free; a throw only passes this request by.
    if (this.#isSettled) throw givenUp;
    this.#controller = controller;
    this.#request.onSent?.();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    const { maxBytes } = this.#request;
    this.#limit = status === 200 ? maxBytes : Math.min(maxBytes, mostRefusalBytes);
    if (status === 200 && lengthOf(headers) > maxBytes) this.#fail(tooMuch(maxBytes));
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isSettled) return;
    const end = this.#bytes + chunk.byteLength;
    if (end > this.#limit) this.#overflow();
    else if (this.#bytes === 0) this.#memory = chunk;
    else this.#append(chunk, end);
    this.#bytes = end;
  }

  onResponseEnd(): void {
    this.#succeed();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  /** Copied at once, however small the pieces are: kept as they come, each would hold more memory than it has bytes. */
  #append(chunk: Buffer, end: number): void {
    if (end > this.#memory.byteLength) {
      const wanted = Math.max(2 * this.#bytes, end, Math.min(lengthOf(this.#headers), this.#limit));
      const larger = Buffer.allocUnsafeSlow(wanted);
      this.#memory.copy(larger, 0, 0, this.#bytes);
      this.#memory = larger;
    }
    chunk.copy(this.#memory, this.#bytes);
  }

  #overflow(): void {
    if (this.#status === 200) this.#fail(tooMuch(this.#limit));
    this.#succeed();
    this.#controller?.abort(givenUp);
  }

  #succeed(): void {
    if (this.#isSettled) return;
    this.#settle();
    const [status, headers] = [this.#status, this.#headers];
    this.#resolve({ status, headers, body: this.#memory.subarray(0, this.#bytes) });
  }

  #fail(error: unknown): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#reject(error);
    this.#controller?.abort(givenUp);
  }

  #settle(): void {
    this.#isSettled = true;
    this.#request.signal.removeEventListener("abort", this.#onAbort);
  }
}

const nothing = Buffer.alloc(0);
const givenUp = new Error("nobody waits for this answer any more");

/** What the head says of the body, or 0. */
function lengthOf(headers: AnswerHeaders): number {
  const declared = headers["content-length"];
  return typeof declared === "string" && /^\d{1,15}$/.test(declared) ? Number(declared) : 0;
}

function tooMuch(maxBytes: number): Error {
  return invalidAnswer(`more than ${maxBytes} bytes`);
}
