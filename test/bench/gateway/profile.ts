import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { roundsFor } from "../bench.ts";
import type { Shape } from "./load-order.ts";
import { read } from "./reading.ts";
import { ourShape } from "./serve-ours.ts";
import { openOurs, openStage } from "./stage.ts";

/** Where the gateway's time goes on misses: `node test/bench/gateway/profile.ts [BYTES [CONCURRENCY [IMAGES [BACKENDS]]]]`. */
const [bytes = 2_048, concurrency = 32, few = 0, backends = 1] = process.argv.slice(2).map(Number);
const windowMs = 8_000;
const signal = new AbortController().signal;
const folder = await mkdtemp(join(tmpdir(), "tradewind-profile-"));
{
  await using resources = new AsyncDisposableStack();
  const context = {
    ...{ quick: false, rounds: roundsFor({ quick: false }), folder, signal },
    root: join(import.meta.dirname, "../../.."),
    say: console.error,
  };
  const stage = await openStage(context, resources);
  const flags = ["--cpu-prof", "--cpu-prof-interval", "500", "--cpu-prof-dir", join(folder, "profiles")];
  const server = await openOurs(stage, "ours", { redisUrl: stage.redisUrl, flags, backends });
  const contender = { name: "ours", server, shape: ourShape };
  const images: Shape["images"] = few > 0 ? few : "unique";
  const pace = { concurrency };
  const asked = {
    generator: stage.generator,
    contender,
    bytes,
    images,
    pace,
    warmUpMs: 2_000,
    windowMs,
  };
  const { perSecond, p50Ms, p99Ms, processorMs } = await read({ ...asked });
  console.log(`${perSecond.toFixed(0)} /s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`);
  console.log(`${processorMs.toFixed(3)} ms of processor time a request`);
}
const profile = await profileOf(join(folder, "profiles"));
for (const line of [...hottest(profile, placeOf, 25), "", ...hottest(profile, nameOf, 40)]) console.log(line);
await rm(folder, { recursive: true });

type Profile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

/** The main thread's is the largest. */
async function profileOf(profiles: string): Promise<Profile> {
  const texts = await Promise.all(
    (await readdir(profiles)).map((file) => readFile(join(profiles, file), "utf8")),
  );
  const [largest = "{}"] = texts.toSorted((a, b) => b.length - a.length);
  return JSON.parse(largest) as Profile;
}

type Frame = Profile["nodes"][number]["callFrame"];

/** Where the time went in the window, idling left out: what a function spent in itself, summed under a name. */
function hottest(
  { nodes, samples, timeDeltas }: Profile,
  name: (frame: Frame) => string,
  most: number,
): readonly string[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const spent = new Map<string, number>();
  let left = windowMs * 1_000;
  for (let index = samples.length - 1; index >= 0 && left > 0; index -= 1) {
    const micros = timeDeltas[index] ?? 0;
    left -= micros;
    const frame = frames.get(samples[index] ?? 0);
    if (!frame || frame.functionName === "(idle)") continue;
    spent.set(name(frame), (spent.get(name(frame)) ?? 0) + micros);
  }
  const all = [...spent.values()].reduce((sum, micros) => sum + micros, 0);
  const sorted = [...spent].sort(([, a], [, b]) => b - a).slice(0, most);
  return sorted.map(([name, micros]) => `${((100 * micros) / all).toFixed(1).padStart(5)} %  ${name}`);
}

function nameOf({ functionName, url, lineNumber }: Frame): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  return url === "" ? name : `${name} ${withinRoot(url)}:${lineNumber + 1}`;
}

/** The folder of ours, the package of others, or the module of Node. */
function placeOf({ functionName, url }: Frame): string {
  if (url === "") return functionName;
  const path = withinRoot(url);
  const known = /^(node_modules\/(@[^/]+\/)?[^/]+|node:internal\/[^/]+(\/[^/:]+)?|node:[^/]+)/.exec(path);
  return known?.[0] ?? path.replace(/\/[^/]*$/, "");
}

function withinRoot(url: string): string {
  return url.replace(/^.*?\/(?=node_modules\/|gateway\/|infra\/|adapters\/|inference\/)/, "");
}
