import type { Cluster, Redis } from "ioredis";
import { TradewindError } from "../errors.ts";
import { createPatience } from "./reply-patience.ts";
import { unsent } from "./unsent.ts";

export type GuardOptions = {
  readonly client: Redis | Cluster;
  /** The address, fit for a message. */
  readonly where: string;
  readonly maxCalls: number;
  readonly timeoutMs: number;
  readonly closed: () => boolean;
};

export type Guard = <Result>(signal: AbortSignal | undefined, call: () => Promise<Result>) => Promise<Result>;

/**
 * Every call passes here: bounded in number, given up with its signal, and whatever the library says translated once.
 * What was given up is in hand until its answer comes or its connection ends, which a server that says nothing for a
 * second has by then: a paused one fills no memory.
 */
export function createRedisGuard({ client, where, maxCalls, timeoutMs, closed }: GuardOptions): Guard {
  const patience = createPatience(timeoutMs);
  let calls = 0;
  const ended = (): void => {
    calls -= 1;
  };
  let lastError: Error | undefined;
  // Without a listener the library prints what it can't connect to; kept, it explains why a call found no connection.
  client.on("error", (error) => {
    lastError = error;
  });
  client.on("ready", () => {
    lastError = undefined;
  });
  return async (signal, call) => {
    signal?.throwIfAborted();
    if (closed()) throw unsent("the soft state is closed");
    if (calls >= maxCalls) throw unsent(noAnswer(where), new Error(`${maxCalls} calls are in hand already`));
    calls += 1;
    const reply = call();
    reply.then(ended, ended);
    try {
      return await givenUpWith(signal, patience(reply));
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof TradewindError) throw error;
      throw unavailable(where, lastError ?? error);
    }
  };
}

function givenUpWith<Result>(signal: AbortSignal | undefined, result: Promise<Result>): Promise<Result> {
  if (!signal) return result;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

/** The library hangs the whole command on its errors, values and passwords included: only the words are kept. */
function unavailable(where: string, error: unknown): TradewindError {
  const said = error instanceof Error ? error.message : "unknown reason";
  const cause = new Error(said);
  return new TradewindError("soft_state_unavailable", noAnswer(where), { cause });
}

function noAnswer(where: string): string {
  return `the soft state at ${where} gave no answer`;
}
