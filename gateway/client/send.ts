import { parsed, problemOf, TradewindProblem } from "./problem.ts";
import type { Surroundings } from "./surroundings.ts";

export type SendOptions = {
  readonly fetch: typeof fetch;
  /** Tries after the first one. */
  readonly retries: number;
  /** All tries and the waits between them together. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly surroundings: Surroundings;
};

export type Sent = { readonly headers: Headers; readonly body: unknown };

/** What a request is, without what makes it stop. */
export type Sendable = {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Blob | FormData | string;
};

/**
 * Sends a request until it is answered, or refused for good, or tried often enough. What is sent again is the same to
 * the byte with the same idempotency key, so that a try whose answer was lost on the way is not paid for twice.
 */
export async function send(url: string, request: Sendable, options: SendOptions): Promise<Sent> {
  const { timeoutMs, retries, surroundings } = options;
  const deadline = surroundings.elapsed() + timeoutMs;
  const { signal, end } = openPatience(timeoutMs, options.signal);
  try {
    for (let tries = 0; ; tries += 1) {
      const answer = await sendOnce(url, request, options.fetch, signal).catch(asError);
      if (!(answer instanceof Error)) return answer;
      if (signal.aborted) throw signal.reason;
      if (tries >= retries || !mayRetry(answer)) throw answer;
      const waitMs = waitOf(answer, tries, surroundings);
      if (surroundings.elapsed() + waitMs > deadline) throw answer;
      await surroundings.sleep(waitMs, signal);
    }
  } finally {
    end();
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error("the request failed", { cause: thrown });
}

async function sendOnce(
  url: string,
  { method, headers, body }: Sendable,
  fetchOf: SendOptions["fetch"],
  signal: AbortSignal,
): Promise<Sent> {
  const request = { method, headers, signal, ...(body !== undefined && { body }) };
  const response = await fetchOf(url, request);
  const text = await response.text();
  const said = response.ok ? parsed(text) : undefined;
  if (said === undefined) throw problemOf(response, text);
  return { headers: response.headers, body: said };
}

/** `fetch` throws a TypeError where there was no whole answer, which is what a connection that broke looks like. */
function mayRetry(error: unknown): boolean {
  return error instanceof TradewindProblem ? error.retryable : error instanceof TypeError;
}

const firstWaitMs = 200;
const longestWaitMs = 5_000;

/** Twice as long each time, by chance a little less, so that many who were refused together don't come back together. */
function waitOf(error: unknown, tries: number, { chance }: Surroundings): number {
  const most = Math.min(longestWaitMs, firstWaitMs * 2 ** tries);
  const backoff = most * (0.5 + chance() / 2);
  const asked = error instanceof TradewindProblem ? (error.retryAfterMs ?? 0) : 0;
  return asked > 0 ? asked + chance() * firstWaitMs : backoff;
}

type Patience = { readonly signal: AbortSignal; readonly end: () => void };

/** Ends with the caller's own signal or when the time is over; leaves nothing behind on the caller's. */
function openPatience(timeoutMs: number, signal: AbortSignal | undefined): Patience {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`no answer within ${timeoutMs} ms`, "TimeoutError"));
  }, timeoutMs);
  const follow = (): void => controller.abort(signal?.reason);
  if (signal?.aborted) follow();
  signal?.addEventListener("abort", follow, { once: true });
  const end = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", follow);
  };
  return { signal: controller.signal, end };
}
