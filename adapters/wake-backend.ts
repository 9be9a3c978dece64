import { Pool } from "undici";
import { transportFailure } from "./open-inference-errors.ts";
import { exchange } from "./open-inference-exchange.ts";

export type WakeCall = {
  readonly url: string;
  /** About this model a question is asked: the least that needs an instance. */
  readonly model: string;
  /** So many at once: clouds count requests, and start as many instances as those fill. */
  readonly requests: number;
  readonly signal: AbortSignal;
};

const mostAnswerBytes = 1_048_576;

/** Resolves when all of them are answered; by connections of their own, since images wait for nobody who sleeps. */
export async function wakeBackend({ url, model, requests, signal }: WakeCall): Promise<void> {
  const { origin, pathname } = new URL(url);
  const path = `${pathname.replace(/\/+$/, "")}/v2/models/${encodeURIComponent(model)}`;
  const pool = new Pool(origin, { connections: requests });
  const request = { method: "GET", path, headers: [], body: undefined, signal } as const;
  try {
    const asked = Array.from({ length: requests }, () =>
      exchange(pool, { ...request, maxBytes: mostAnswerBytes }),
    );
    // Clouds say 429 where they have started nothing; any other refusal is an instance's own.
    const refused = (await Promise.all(asked)).find(({ status }) => status >= 500 || status === 429);
    if (refused) throw new Error(`status ${refused.status}`);
  } catch (error) {
    throw transportFailure(error, signal);
  } finally {
    await pool.destroy();
  }
}
