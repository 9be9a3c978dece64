import { fileURLToPath } from "node:url";
import { openChild } from "./child.ts";
import type { IdleOrder, LoadAnswer, LoadOrder } from "./load-order.ts";

/** The process that sends. One for the whole bench, so that every server meets the same warmed-up generator. */
export type LoadGenerator = AsyncDisposable & {
  readonly pid: number;
  /** Fails when a single request fails: a server that drops work is not fast. */
  readonly load: (order: Omit<LoadOrder, "kind">) => Promise<LoadAnswer>;
  readonly idle: (order: Omit<IdleOrder, "kind">) => Promise<void>;
};

export async function openLoadGenerator(signal: AbortSignal): Promise<LoadGenerator> {
  const args = [fileURLToPath(new URL("./generate-load.ts", import.meta.url))];
  const child = await openChild({ command: process.execPath, args, signal });
  const order = async (order: LoadOrder | IdleOrder): Promise<LoadAnswer> => {
    const longest = order.kind === "load" && order.count !== undefined ? 600_000 : 120_000;
    const answer = (await child.ask(order, longest)) as LoadAnswer;
    if (answer.errors.length === 0) return answer;
    throw new Error(`requests failed: ${answer.errors.join("; ")}`);
  };
  return {
    pid: child.pid,
    load: (wanted) => order({ kind: "load", ...wanted }),
    idle: async (wanted) => void (await order({ kind: "idle", ...wanted })),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
