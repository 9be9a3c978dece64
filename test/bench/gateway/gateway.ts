import type { Bench, BenchContext, Measured } from "../bench.ts";
import { checkAnswers } from "./check-answers.ts";
import { openOwn } from "./contenders.ts";
import { countedElsewhere } from "./counted-elsewhere.ts";
import type { LoadGenerator } from "./load-generator.ts";
import { measureManyKeys } from "./many-keys.ts";
import { measureMatrix } from "./matrix.ts";
import { measureOpenLoop } from "./open-loop.ts";
import { openOthers } from "./other-gateways.ts";
import { type Contender, read } from "./reading.ts";
import { openStage, type Stage } from "./stage.ts";

export const gatewayBench: Bench = {
  name: "gateway",
  describe:
    "the front door against bare proxies and other gateways: rates, added latency, open loop, many keys",
  run: measureGateway,
};

const sizes = [2_048, 61_440, 1_048_576];

async function* measureGateway(context: BenchContext): AsyncIterable<Measured> {
  await using resources = new AsyncDisposableStack();
  const stage = await openStage(context, resources);
  yield* measureSideBySide(stage);
  yield* measureManyKeys(stage);
}

/** Whoever is not needed any more is gone before the next part begins. */
async function* measureSideBySide(shared: Stage): AsyncIterable<Measured> {
  await using resources = new AsyncDisposableStack();
  const { context, generator } = shared;
  const stage = { ...shared, resources };
  const own = await openOwn(stage);
  const others = await openOthers(stage);
  const all = [...Object.values(own), ...others.miss];
  const keeping = [own.ours, own.bounded, own.leased, own.withoutRedis, ...others.hit];
  await checkAnswers(all, keeping, context.signal);
  const wanted = context.quick ? sizes.slice(0, 1) : sizes;
  await warmUp(all, generator, context.quick ? 200 : 3_000);
  yield* measureMatrix({ context, generator, own, others, sizes: wanted, concurrencies: [1, 32] });
  yield* measureOpenLoop({ context, generator, ...own, sizes: wanted });
  yield await countedElsewhere(own.ours.server, context.signal);
}

/** A server's first seconds are its compiler's. */
async function warmUp(all: readonly Contender[], generator: LoadGenerator, windowMs: number): Promise<void> {
  const asked = { generator, bytes: 2_048, images: "unique", pace: { concurrency: 32 } } as const;
  for (const contender of all) await read({ ...asked, contender, warmUpMs: 0, windowMs });
}
