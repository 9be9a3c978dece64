import { startPostgres } from "../../support/postgres.ts";
import type { Measured } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { storeBenchKeys } from "./bench-keys.ts";
import { type Contender, read, times } from "./reading.ts";
import { ourShape } from "./serve-ours.ts";
import { openOurs, type Stage, usualKeys } from "./stage.ts";

/** Two gateways that differ in how many keys they know; each is asked with all of its keys in turn. */
export async function* measureManyKeys(stage: Stage): AsyncIterable<Measured> {
  const { context, generator, redisUrl, databaseUrl, resources } = stage;
  const { quick, signal } = context;
  const many = quick ? 1_000 : 100_000;
  const crowded = resources.use(await startPostgres());
  await storeBenchKeys(crowded.url, many, signal);
  const contender = async (name: string, keys: number, url: string): Promise<Contender> => ({
    name,
    server: await openOurs(stage, name, { redisUrl, databaseUrl: url }),
    shape: (bytes, images) => ourShape(bytes, images, keys),
  });
  const sides = [
    await contender("crowded", many, crowded.url),
    await contender("empty", usualKeys, databaseUrl),
  ];
  const bytes = 2_048;
  const asked = { generator, bytes, images: "unique", pace: { concurrency: 32 } } as const;
  const [ours = [], theirs = []] = await interleave(
    sides.map((one) => () => read({ ...asked, contender: one, ...times(context, bytes) })),
    { rounds: context.rounds(), warmUpRounds: quick ? 0 : 1, signal },
  );
  const shared = { case: `${many} keys, miss, 2 KB, c=32`, against: `${usualKeys} keys` };
  yield {
    ...{ ...shared, metric: "requests", unit: "/s", better: "higher", floor: 0.9 },
    ours: ours.map(({ perSecond }) => perSecond),
    theirs: theirs.map(({ perSecond }) => perSecond),
  };
  yield {
    ...{ ...shared, metric: "p99", unit: "ms", better: "lower" },
    ours: ours.map(({ p99Ms }) => p99Ms),
    theirs: theirs.map(({ p99Ms }) => p99Ms),
  };
}
