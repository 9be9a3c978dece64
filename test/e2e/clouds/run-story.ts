import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { type Judged, judgeTraffic, type Stretch } from "./judge-traffic.ts";
import { type Clouds, imageOf, openClouds } from "./open-clouds.ts";
import { openService, type Service } from "./open-service.ts";
import { prepareWeights, type Weights } from "./prepare-weights.ts";
import { rollOut } from "./roll-out.ts";
import type { Timeline } from "./timeline.ts";
import { type Doors, measureCapacity, readImages, type Sample, sendSteadily } from "./traffic.ts";

export type StoryOptions = {
  readonly timeline: Timeline;
  /**
   *   full    each release goes to all three
   *   quick   to one, and the loss is short: some minutes
   *   smoke   wrong weights and a loss alone: whether the parts fit together
   */
  readonly length: Length;
};

export const lengths = ["full", "quick", "smoke"] as const;

export type Length = (typeof lengths)[number];

export type Story = {
  readonly capacityPerSecond: number;
  readonly perSecond: number;
  readonly sloMs: number;
  readonly samples: readonly Sample[];
  readonly stretches: readonly Judged[];
  readonly whole: Judged;
  /** What did not come out as it must. */
  readonly findings: readonly string[];
};

const sloMs = 1_000;
const leastPerSecond = 10;

/** From a first release to a cloud that is lost and one that is woken, under images all the while. */
export async function runStory({ timeline, length }: StoryOptions): Promise<Story> {
  await using stack = new AsyncDisposableStack();
  const weights = stack.use(await prepareWeights());
  const clouds = stack.use(await openClouds({ models: weights.one }));
  timeline.say("three clouds stand, each with one service");
  const service = stack.use(await openService({ clouds, sloMs, steps: ["50%"] }));
  const database = stack.use(await openDatabase({ url: service.databaseUrl, connections: 2 }));
  timeline.say(`two gateways and two fleet processes run: ${pids(service)}`);
  const scene: Scene = { timeline, length, weights, clouds, service, database, findings: [], stretches: [] };
  await deployFirst(scene);
  const images = await readImages();
  const doors: Doors = { urls: service.gateways.map(({ url }) => url), key: service.key };
  await measureCapacity(doors, images, 3_000);
  const capacityPerSecond = await measureCapacity(doors, images, length === "smoke" ? 4_000 : 15_000);
  const perSecond = Math.max(leastPerSecond, Math.round(0.4 * capacityPerSecond));
  timeline.say(
    `the fleet serves ${capacityPerSecond.toFixed(1)} images a second; ${perSecond} are sent from now on`,
  );
  const traffic = sendSteadily(doors, images, perSecond);
  const fromMs = performance.now();
  await sleep(5_000);
  for (const chapter of chapters[length]) await chapter(scene);
  await sleep(3_000);
  const toMs = performance.now();
  await traffic.stop();
  for (const [name, fake] of Object.entries(clouds.fakes))
    for (const problem of fake.problems())
      scene.findings.push(`${name} heard what a real one refuses: ${problem}`);
  const samples = traffic.samples();
  const judged = (stretch: Stretch): Judged => judgeTraffic(samples, stretch, sloMs);
  return {
    ...{ capacityPerSecond, perSecond, sloMs, samples, findings: scene.findings },
    stretches: scene.stretches.map(judged),
    whole: judged({ name: "all of it", fromMs, toMs }),
  };
}

type Scene = StoryOptions & {
  readonly weights: Weights;
  readonly clouds: Clouds;
  readonly service: Service;
  readonly database: Awaited<ReturnType<typeof openDatabase>>;
  readonly findings: string[];
  readonly stretches: Stretch[];
};

async function stretch(scene: Scene, name: string, work: () => Promise<void>): Promise<void> {
  scene.timeline.say(name);
  const fromMs = performance.now();
  await work();
  scene.stretches.push({ name, fromMs, toMs: performance.now() });
}

async function deployFirst({ timeline, database, weights, findings }: Scene): Promise<void> {
  timeline.say("v1 is deployed on all three, without a gate: there is nothing to measure it against");
  const release = { image: imageOf("1"), models: weights.one, isUngated: true };
  const { outcome, state } = await rollOut(database, release, timeline);
  if (outcome !== "done") findings.push(`v1 was not deployed: ${state.back}`);
}

function refuseWrong(scene: Scene): Promise<void> {
  return stretch(scene, "v2 with wrong weights", async () => {
    const release = { image: imageOf("2"), models: scene.weights.wrong };
    const { outcome, state } = await rollOut(scene.database, release, scene.timeline);
    if (outcome !== "rolled back" || !/agreement/.test(state.back))
      scene.findings.push(`wrong weights were not rolled back by the agreement of answers: ${state.back}`);
  });
}

function promoteGood(scene: Scene): Promise<void> {
  return stretch(scene, "v2 with good weights", async () => {
    const providers = scene.length === "full" ? undefined : ["azure"];
    const release = { image: imageOf("3"), models: scene.weights.two, ...(providers && { providers }) };
    const { outcome, state } = await rollOut(scene.database, release, scene.timeline);
    if (outcome !== "done") scene.findings.push(`a good release was not promoted: ${state.back}`);
  });
}

function loseOne(scene: Scene): Promise<void> {
  return stretch(scene, "aws is lost, with its API and its instances", async () => {
    scene.clouds.fakes.aws.lose();
    await sleep(scene.length === "full" ? 20_000 : 8_000);
    scene.clouds.fakes.aws.restore();
    scene.timeline.say("aws is back");
    await sleep(5_000);
  });
}

/** It sleeps since nobody needs it; while another cloud is lost an operator wakes it. */
function wakeCold(scene: Scene): Promise<void> {
  return stretch(scene, "gcp sleeps, azure is lost, gcp is woken", async () => {
    const { service, clouds, timeline, findings, length } = scene;
    const asleep = await service.operate("scale", "gcp", "0..2");
    if (asleep.code !== 0) findings.push(`gcp was not let go to sleep: ${asleep.stderr}`);
    await until(() => standingAt(scene) === 0, "gcp did not fall asleep", scene);
    timeline.say("gcp sleeps; azure is lost");
    clouds.fakes.azure.lose();
    const woken = await service.operate("scale", "gcp", "1..2");
    if (woken.code !== 0) findings.push(`gcp was not woken: ${woken.stderr}`);
    await until(() => standingAt(scene) > 0, "gcp did not wake", scene);
    timeline.say("gcp stands again");
    await sleep(length === "full" ? 15_000 : 5_000);
    clouds.fakes.azure.restore();
    timeline.say("azure is back");
    await sleep(5_000);
  });
}

/** Instances of the cloud whose service may sleep. */
function standingAt({ clouds }: Scene): number {
  const own = clouds.world.instances().filter(({ order }) => order.env.K_SERVICE !== undefined);
  return own.filter((one) => one.state() === "ready").length;
}

async function until(isSo: () => boolean, otherwise: string, { findings }: Scene): Promise<void> {
  const latest = performance.now() + 60_000;
  while (!isSo() && performance.now() < latest) await sleep(200);
  if (!isSo()) findings.push(otherwise);
}

const whole = [refuseWrong, promoteGood, loseOne, wakeCold];
const chapters = { full: whole, quick: whole, smoke: [refuseWrong, loseOne] };

function pids({ gateways, fleets }: Service): string {
  return [...gateways, ...fleets].map(({ pid }) => pid).join(", ");
}
