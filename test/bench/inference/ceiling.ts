import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { LoopsOrder } from "./bare-loops.ts";
import { openChild } from "./child.ts";
import type { LoadGenerator } from "./load-generator.ts";
import type { Requests } from "./requests.ts";
import type { Subject } from "./subject.ts";

/** What this machine can do with a model when nobody asks for it over a network. */
export type Ceiling = AsyncDisposable & {
  readonly measure: (options: CeilingOptions) => Promise<number>;
};

type CeilingOptions = Omit<LoopsOrder, "loops"> & {
  readonly concurrency: number;
  readonly generator: LoadGenerator;
  readonly requests: Requests;
};

/** As many as the backend takes for itself on this machine. */
export const workers = availableParallelism();

/**
 * Loops that decode, letterbox and run, in threads of one process: min(concurrency, workers) of them.
 *
 * While they are measured the same load generator sends the same requests at the rate that the loops reach, to a sink
 * of its own which throws them away. So both sides pay for a generator that touches every byte and sends it through the
 * kernel, and the ceiling pays for nothing that is the server's own work: parsing, copying, queueing, boxes, JSON. The
 * sink's reads are the one thing it pays for and a server does too; at 100 images/s of 300 KB they are about one
 * hundredth of a core.
 */
export async function openCeiling(subject: Subject, signal: AbortSignal): Promise<Ceiling> {
  const { path, inputName, input, files } = subject;
  const loopOptions = JSON.stringify([{ path, inputName, input, files }, workers]);
  const args = [fileURLToPath(new URL("./bare-loops.ts", import.meta.url)), loopOptions];
  const child = await openChild({ command: process.execPath, args, signal });
  await child.ask(undefined, 60_000);
  const loop = async (order: LoopsOrder) =>
    ((await child.ask(order, 120_000)) as { readonly perSecond: number }).perSecond;
  const reached = new Map<number, number>();
  return {
    measure: async ({ concurrency, generator, requests, warmUpMs, windowMs }) => {
      const loops = Math.min(concurrency, workers);
      const rate = reached.get(loops) ?? (await loop({ loops, warmUpMs, windowMs: windowMs / 4 }));
      const idling = generator.idle({ requests, perSecond: rate, windowMs: warmUpMs + windowMs });
      const perSecond = await loop({ loops, warmUpMs, windowMs });
      await idling;
      reached.set(loops, perSecond);
      return perSecond;
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
