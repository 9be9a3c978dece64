import { fileURLToPath } from "node:url";
import { openChild } from "../inference/child.ts";
import type { LoadAnswer, LoadOrder } from "./load-order.ts";

/** The process that sends. One for the whole bench, so that every server meets the same warmed-up generator. */
export type LoadGenerator = AsyncDisposable & {
  /** Fails when a single request fails: a server that drops work is not fast. */
  readonly load: (order: LoadOrder) => Promise<LoadAnswer>;
};

export async function openLoadGenerator(signal: AbortSignal): Promise<LoadGenerator> {
  const args = [fileURLToPath(new URL("./generate-load.ts", import.meta.url))];
  const child = await openChild({ command: process.execPath, args, signal });
  return {
    load: async (order) => {
      const answer = (await child.ask(order, 120_000)) as LoadAnswer;
      if (answer.errors.length === 0) return answer;
      throw new Error(`requests to port ${order.port} failed: ${answer.errors.join("; ")}`);
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
