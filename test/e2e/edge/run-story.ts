import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../../support/edge/agent-process.ts";
import { openBadLine } from "../../support/edge/bad-origin.ts";
import { type EdgeWorld, openEdgeWorld, type Rollout } from "../../support/edge/edge-world.ts";
import { plantFault } from "../../support/edge/plant-fault.ts";
import { demoModel, goldenOf, variantOf } from "../../support/edge/releases.ts";
import { readSamples, type Sample } from "../../support/evaluate.ts";
import { repository } from "../../support/run-tradewind.ts";
import { comesTo, type Device, mapOf, startDevice, watch } from "./device.ts";

type Say = (what: string) => void;
type Line = Awaited<ReturnType<typeof openBadLine>>;

type Story = {
  readonly world: EdgeWorld;
  readonly line: Line;
  /** The first ring, and the one behind it. */
  readonly canary: Device;
  readonly other: Device;
  readonly samples: readonly Sample[];
  readonly good: Buffer;
  readonly golden: Buffer;
  readonly say: Say;
  readonly findings: string[];
};

const rings = [{ devices: "canary" }, { share: 1 }] as const;

/** Enough for a probation to end by what was seen. */
const probation = 220;

/** Two devices and what befalls them, with real processes on a line that the story may cut; what was wrong is told. */
export async function runStory(say: Say): Promise<readonly string[]> {
  await using opened = new AsyncDisposableStack();
  const findings: string[] = [];
  const world = opened.use(await openEdgeWorld());
  const line = opened.use(await openBadLine({ to: world.gateway.url }));
  const samples = await readSamples(join(repository, "inference/models/demo"));
  const good = await readFile(demoModel("digits-n"));
  const golden = await goldenOf(demoModel("digits-n"));
  const devices: Device[] = [];
  for (const label of ["canary", "rest"]) {
    const device = await startDevice(world, { name: label, label, gateway: line.url });
    opened.defer(() => device.agent[Symbol.asyncDispose]());
    devices.push(device);
  }
  const [canary, other] = devices;
  if (!canary || !other) throw new Error("there are no two devices");
  say("two devices are enrolled, each with a key of its own and a token that is used up");
  const story: Story = { world, line, canary, other, samples, good, golden, say, findings };
  for (const chapter of [firstRelease, withoutNetwork, caughtBefore, caughtAfter, fixed, revoked]) {
    await chapter(story).catch((error: unknown) => {
      findings.push(`${chapter.name}: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (findings.length > 0) break;
  }
  for (const { name, agent } of findings.length > 0 ? devices : []) {
    say(`${name} said:\n${agent.said().slice(-3_000)}`);
    say(`${name} stands so: ${JSON.stringify(await agent.status().catch(String))}`);
  }
  if (findings.length > 0) say(`the gateway said:\n${world.gateway.said().slice(-3_000)}`);
  return findings;
}

async function firstRelease(story: Story): Promise<void> {
  const { world, good, golden, say, canary, other, samples } = story;
  await measured(story, "v1 is on both devices", async () => {
    await world.publish({ release: 1, model: good, golden });
    const id = await world.rollOut(1, { rings });
    await comesTo(canary, "release 1", runs(1));
    await watch(canary, samples, { images: probation });
    await comesTo(other, "release 1", runs(1));
    await watch(other, samples, { images: probation });
    await ends(story, id, "done");
  });
  await judgeMap(story, "v1");
  say("v1 went through both rings");
}

/** The line is away, a device is cut off its power as well, and both answer. */
async function withoutNetwork(story: Story): Promise<void> {
  const { line, other, say } = story;
  line.isAway = true;
  await other.restart();
  await judgeMap(story, "without a network, one after a power cut");
  line.isAway = false;
  say("the network is back");
}

/** Its digits are called by other names, while its golden answers are those of the good one. */
async function caughtBefore(story: Story): Promise<void> {
  const { world, good, golden, say, canary } = story;
  const id = await measured(story, "v2 was stopped", async () => {
    await world.publish({ release: 2, model: plantFault(good, "permuted"), golden });
    const begun = await world.rollOut(2, { rings });
    await ends(story, begun, "stopped");
    return begun;
  });
  const one = await canary.agent.model("digits-n");
  const bad = one?.quarantined.find(({ release }) => release === 2);
  expectSo(story, bad?.cause === "self_test_failed", `the canary's verdict on v2 is ${JSON.stringify(bad)}`);
  expectSo(story, one?.runs?.release === 1, `the canary runs release ${one?.runs?.release} after v2`);
  await never(story, story.other, 2);
  say(`v2, planted with permuted classes, never answered: ${bad?.detail}`);
  say(`the gate: ${(await world.rollout(id)).why}`);
}

/** Sure of nothing, as its own golden answers say as well: only what ran before shows what is wrong. */
async function caughtAfter(story: Story): Promise<void> {
  const { world, good, say, canary, samples } = story;
  const bad = plantFault(good, "unsure");
  const path = join(world.folder, "unsure.onnx");
  await writeFile(path, bad);
  const golden = await goldenOf(path);
  // The canary knows v1 by what it answered since its own start.
  await watch(canary, samples, { images: 60 });
  const id = await measured(story, "v2 again, planted anew, was stopped", async () => {
    await world.publish({ release: 3, model: bad, golden });
    const begun = await world.rollOut(3, { rings });
    await comesTo(canary, "release 3", runs(3));
    const images = await watch(canary, samples, {
      images: 200,
      while: ({ runs: now }) => now?.release === 3,
    });
    await comesTo(canary, "release 1 by itself", runs(1));
    expectSo(story, images <= 200, `it took ${images} images to fall back`);
    say(`the canary fell back by itself after ${images} images`);
    await ends(story, begun, "stopped");
    return begun;
  });
  await never(story, story.other, 3);
  const one = await canary.agent.model("digits-n");
  say(`why: ${one?.quarantined.find(({ release }) => release === 3)?.detail}`);
  say(`the gate: ${(await world.rollout(id)).why}`);
  await judgeMap(story, "after both");
}

const cuts = 20;

async function fixed(story: Story): Promise<void> {
  const { world, line, golden, canary, other, samples, say } = story;
  const model = await variantOf(demoModel("digits-n"), 4, 800_000);
  await measured(story, `v3 is on both devices, over a line that was cut ${cuts} times`, async () => {
    await world.publish({ release: 4, model, golden });
    const before = line.over;
    line.faults.push(...Array.from({ length: cuts }, () => ({ kind: "cut", after: 90_000 }) as const));
    const id = await world.rollOut(4, { rings });
    await comesTo(canary, "release 4", runs(4));
    await watch(canary, samples, { images: probation });
    await comesTo(other, "release 4", runs(4));
    await watch(other, samples, { images: probation });
    await ends(story, id, "done");
    expectSo(story, line.over - before === cuts, `the line was cut ${line.over - before} times`);
  });
  const fetched = await Promise.all(
    [canary, other].map(async ({ agent }) => (await agent.status()).fetched_bytes),
  );
  say(`of model files came ${fetched.join(" and ")} bytes since each start, ${model.byteLength} are v3`);
  await judgeMap(story, "v3");
}

async function revoked(story: Story): Promise<void> {
  const { world, canary, other, say } = story;
  await measured(story, "v1 is revoked and gone from both devices", async () => {
    await world.revoke(1);
    for (const device of [canary, other])
      await comesTo(
        device,
        "a state without v1",
        ({ previous, runs: now }) => previous === null && now?.release === 4,
      );
  });
  await judgeMap(story, "without v1");
  say("v3 answers, with nothing to fall back to but what is signed anew");
}

function runs(release: number): (one: { readonly runs: { readonly release: number } | null }) => boolean {
  return (one) => one.runs?.release === release;
}

async function measured<Result>(
  { line, say }: Story,
  what: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const [began, bytes] = [performance.now(), line.bytes];
  const result = await work();
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  say(`${what}: ${seconds} s, ${((line.bytes - bytes) / 1_000).toFixed(0)} kB to the devices`);
  return result;
}

async function ends({ world }: Story, id: string, state: string): Promise<Rollout> {
  return await until(
    () => world.rollout(id),
    (rollout) => rollout.state === state,
  );
}

async function judgeMap(story: Story, what: string): Promise<void> {
  const { canary, other, samples, say } = story;
  const maps = [await mapOf(canary, samples), await mapOf(other, samples)];
  say(`${what}: mAP50 ${maps.map((map) => map.toFixed(4)).join(" and ")}`);
  expectSo(story, Math.min(...maps) > 0.8, `${what}: mAP50 is ${maps.join(" and ")}`);
}

async function never(story: Story, { name, agent }: Device, release: number): Promise<void> {
  const one = await agent.model("digits-n");
  const has = [one?.active, one?.previous, one?.trial].some((slot) => slot?.release === release);
  expectSo(
    story,
    !has && !one?.quarantined.some((bad) => bad.release === release),
    `${name} had release ${release}`,
  );
}

function expectSo({ findings }: Story, isSo: boolean, otherwise: string): void {
  if (!isSo) findings.push(otherwise);
}
