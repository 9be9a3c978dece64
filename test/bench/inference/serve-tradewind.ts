import { join } from "node:path";
import { roomFlag } from "#infra/runtime/take-room.ts";
import { openChild } from "./child.ts";
import type { Requests } from "./requests.ts";
import type { Subject } from "./subject.ts";

export type TradewindOptions = {
  readonly root: string;
  /** Holds only the model that is measured, so that no other's threads lie beside it. */
  readonly repository: string;
  readonly workers?: number;
  readonly signal: AbortSignal;
};

/** `tradewind backend` as a user starts it. */
export async function serveTradewind({ root, repository, workers, signal }: TradewindOptions) {
  // What the command gives itself in a terminal; as somebody's child with a channel it is given it.
  const args = [roomFlag, join(root, "infra/main.ts"), "backend", "--models", repository, "--port", "0"];
  const more = workers === undefined ? [] : ["--workers", String(workers)];
  const child = await openChild({
    command: process.execPath,
    args: [...args, ...more],
    cwd: root,
    env: { LOG_LEVEL: "warn" },
    signal,
  });
  try {
    const { ready } = (await child.ask(undefined, 60_000)) as { readonly ready: { readonly url: string } };
    return {
      pid: child.pid,
      port: Number(new URL(ready.url).port),
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

export function tradewindRequests({ name, files }: Subject): Requests {
  return { form: "tradewind", path: `/v2/models/${name}/versions/1/infer`, files };
}
