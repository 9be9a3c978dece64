import { Pool } from "undici";
import { TradewindError } from "#infra/runtime/errors.ts";
import { connectTo } from "./connect-to.ts";
import type { BackendAddress } from "./open-inference.ts";
import { transportFailure } from "./open-inference-errors.ts";
import { sendAuthorized, sendPlainly } from "./send-request.ts";

export type WakeCall = BackendAddress & {
  /** About this model a question is asked: the least that needs an instance. */
  readonly model: string;
  /** So many at once: clouds count requests, and start as many instances as those fill. */
  readonly requests: number;
  readonly signal: AbortSignal;
};

const mostAnswerBytes = 1_048_576;

/** Who sleeps behind a load balancer is connected to all the same, and nobody waits for this. */
const connectTimeoutMs = 10_000;

/** Resolves when all of them are answered; by connections of their own, since images wait for nobody who sleeps. */
export async function wakeBackend(call: WakeCall): Promise<void> {
  const { url, at, model, requests, authorize, signal } = call;
  const { origin, pathname } = new URL(url);
  const path = `${pathname.replace(/\/+$/, "")}/v2/models/${encodeURIComponent(model)}`;
  const pool = new Pool(origin, { connections: requests, connect: connectTo(at, connectTimeoutMs) });
  const asking = { headers: [], body: undefined, signal, maxBytes: mostAnswerBytes };
  const send = authorize ? sendAuthorized(authorize) : sendPlainly;
  try {
    const asked = Array.from({ length: requests }, () => send(pool, { method: "GET", path, ...asking }));
    // Clouds say 429 where they have started nothing; any other refusal is an instance's own.
    const refused = (await Promise.all(asked)).find(({ status }) => status >= 500 || status === 429);
    if (refused) throw new Error(`status ${refused.status}`);
  } catch (error) {
    throw error instanceof TradewindError ? error : transportFailure(error, signal);
  } finally {
    await pool.destroy();
  }
}
