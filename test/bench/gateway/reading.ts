import type { BenchContext } from "../bench.ts";
import type { LoadGenerator } from "./load-generator.ts";
import type { LoadAnswer, Shape } from "./load-order.ts";
import { processorTimes, spentMs } from "./processor-time.ts";
import type { Server } from "./server.ts";

/** A server under a name, with the request that it understands. */
export type Contender = {
  readonly name: string;
  readonly server: Server;
  readonly shape: (bytes: number, images: Shape["images"]) => Shape;
  readonly note?: string;
};

export type Reading = LoadAnswer & {
  /** Processor time of the server for each request, the kernel's work for it included. */
  readonly processorMs: number;
};

export type Asked = {
  readonly generator: LoadGenerator;
  readonly contender: Contender;
  readonly bytes: number;
  readonly images: Shape["images"];
  readonly pace: { readonly concurrency: number } | { readonly perSecond: number };
  readonly warmUpMs: number;
  readonly windowMs: number;
};

export async function read({ generator, contender, bytes, images, pace, ...times }: Asked): Promise<Reading> {
  const { port, pids } = contender.server;
  const before = await processorTimes(pids);
  const order = { port, shape: contender.shape(bytes, images), ...times };
  const answer = await generator
    .load(
      "concurrency" in pace ? { kind: "closed", ...order, ...pace } : { kind: "paced", ...order, ...pace },
    )
    .catch((cause: unknown) => {
      throw new Error(`${contender.name}: ${String(cause)}\n${contender.server.output()}`, { cause });
    });
  return { ...answer, processorMs: spentMs(before, await processorTimes(pids)) / answer.total };
}

/** How long a closed loop is warmed up and watched; where few large images make a second, for longer. */
export function times({ quick }: Pick<BenchContext, "quick">, bytes: number) {
  if (quick) return { warmUpMs: 100, windowMs: 200 };
  return bytes < 1_048_576 ? { warmUpMs: 250, windowMs: 1_000 } : { warmUpMs: 400, windowMs: 2_000 };
}

export function sizeName(bytes: number): string {
  return bytes >= 1_048_576 ? `${bytes / 1_048_576} MB` : `${bytes / 1_024} KB`;
}
