import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bench, BenchContext, Measured } from "../bench.ts";
import { type Compared, compare } from "./compare.ts";
import { loads, shortened } from "./loads.ts";
import { attain, rowsOf } from "./rows.ts";
import { readGiven } from "./sites.ts";
import { tableOf } from "./table.ts";

export const scalingBench: Bench = {
  name: "scaling",
  describe:
    "parts of two recorded loads on four places, simulated: what ours, a fixed fleet and HPA's rule cost in time (10 min)",
  run: measureScaling,
};

const targets = [0.5, 0.6, 0.7, 0.8];

async function* measureScaling(context: BenchContext): AsyncIterable<Measured> {
  const { quick, say, signal } = context;
  const given = await readGiven(attain);
  const seeds = Array.from({ length: context.rounds() }, (_, index) => index + 1);
  const all: Compared[] = [];
  for (const load of quick ? loads.slice(0, 2).map(shortened) : loads) {
    const tried = quick ? targets.slice(-1) : targets;
    const compared = await compare(load, { given, seeds, targets: tried, say, signal });
    all.push(compared);
    yield* rowsOf(compared);
  }
  say(`\n${tableOf(all)}`);
  if (!quick) say(`also in ${await writeTable(join(context.root, "test/bench/results/scaling.md"), all)}`);
}

async function writeTable(path: string, all: readonly Compared[]): Promise<string> {
  await writeFile(`${path}.new`, tableOf(all));
  await rename(`${path}.new`, path);
  return path;
}
