import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Random, seededRandom } from "../random.ts";
import { repository } from "../run-tradewind.ts";
import {
  type AgentOptions,
  type AgentProcess,
  type StatusModel,
  spawnAgent,
  startAgent,
  until,
} from "./agent-process.ts";
import { type EdgeWorld, model, openEdgeWorld } from "./edge-world.ts";
import { demoModel, goldenOf, variantOf } from "./releases.ts";

export type KillResult = {
  readonly kills: number;
  /** In what each kill found the device. */
  readonly found: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
};

export type KillAgents = {
  readonly count: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** Such as the packed program. */
  readonly main?: string;
};

type Rig = {
  readonly world: EdgeWorld;
  readonly golden: Buffer;
  readonly image: Buffer;
  readonly options: AgentOptions;
};

/** Three for each release: into its sync, into what the start after that goes on with, and into the start after this. */
const killsOfRelease = 3;

/** A start and a sync take about so long; most kills come early, where one step follows the other. */
const course = { start: 1_200, sync: 2_400, switched: 300 };

/** Of the kills into a sync so many wait for its switch, which few would meet by chance. */
const lateShare = 0.25;

/**
 * A real agent is killed at random instants while it starts, fetches, tests and switches to release after release. It
 * starts again, answers with a release that was published whole, and ends with the newest one.
 */
export async function killAgents({
  count,
  seed,
  signal = new AbortController().signal,
  main,
}: KillAgents): Promise<KillResult> {
  const random = seededRandom(seed);
  await using world = await openEdgeWorld({ poll: "1s" });
  const golden = await goldenOf(demoModel("digits-n"), 1);
  const image = await readFile(join(repository, "inference/models/demo/sample.jpg"));
  const args = ["--gateway", world.gateway.url, "--data", join(world.folder, "device"), "--every", "1s"];
  const rig: Rig = { world, golden, image, options: { args, ...(main !== undefined && { main }) } };
  const findings: string[] = [];
  const found: Record<string, number> = {};
  const note = (stage: string): void => {
    found[stage] = (found[stage] ?? 0) + 1;
  };
  let newest = 1;
  await release(rig, newest);
  const enrol = ["--enrol", await world.token()];
  let agent = await startAgent({ ...rig.options, args: [...args, ...enrol] });
  try {
    await inSync(agent, newest, findings, 0);
    for (let kill = 1; kill <= count && !signal.aborted; kill += 1) {
      const place = (kill - 1) % killsOfRelease;
      if (place === 0) {
        newest += 1;
        await release(rig, newest);
      }
      if (place === 2) {
        await killStart(rig.options, course.start * random.between(0, 1));
        note("starting");
      } else {
        await goOn(agent, newest, random);
        note(stageOf(await agent.model(model).catch(() => undefined), newest));
        agent.kill("SIGKILL");
        await agent.exit;
      }
      if (place === 1 && kill < count) continue;
      agent = await startAgent(rig.options);
      findings.push(...(await judge(agent, rig, { kill, seed, newest })));
      if (place === 2) await inSync(agent, newest, findings, kill);
    }
    await inSync(agent, newest, findings, count);
  } finally {
    await agent[Symbol.asyncDispose]();
  }
  return { kills: count, found, findings };
}

async function release({ world, golden }: Rig, number: number): Promise<void> {
  await world.publish({
    release: number,
    model: await variantOf(demoModel("digits-n"), number),
    golden,
  });
  await world.rollOut(number);
}

/** Into a sync, for a while or until it has switched. */
async function goOn(agent: AgentProcess, newest: number, random: Random): Promise<void> {
  agent.kill("SIGHUP");
  if (!random.chance(lateShare)) return await pause(course.sync * random.between(0, 1) ** 2);
  await until(
    () => agent.model(model),
    (one) => one?.active?.release === newest,
  ).catch(() => undefined);
  await pause(course.switched * random.between(0, 1));
}

async function killStart(options: AgentOptions, afterMs: number): Promise<void> {
  const child = spawnAgent(options);
  child.stdout?.resume();
  child.stderr?.resume();
  const exit = once(child, "close");
  await pause(afterMs);
  child.kill("SIGKILL");
  await exit;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function stageOf(one: StatusModel | undefined, newest: number): string {
  if (!one) return "silent";
  if (one.trial) return "on trial";
  return one.active?.release === newest ? "switched" : "before or in the fetch";
}

type Judged = { readonly kill: number; readonly seed: number; readonly newest: number };

/** It answers at once, with one of the two releases that it may be at. */
async function judge(agent: AgentProcess, { image }: Rig, judged: Judged): Promise<string[]> {
  const { kill, seed, newest } = judged;
  const one = await agent.model(model);
  const say = (what: string): string => `after kill ${kill} of seed ${seed}: ${what}`;
  const release = one?.runs?.release ?? 0;
  if (release < newest - 1 || release > newest)
    return [say(`release ${release} runs, ${newest} is the newest`)];
  const response = await agent.detect(model, image);
  const answer = (await response.json()) as { readonly detections?: readonly object[] };
  if (response.status !== 200 || !answer.detections?.length) return [say(`it answers ${response.status}`)];
  return [];
}

async function inSync(agent: AgentProcess, newest: number, findings: string[], kill: number): Promise<void> {
  agent.kill("SIGHUP");
  await until(
    () => agent.model(model),
    (one) => one?.active?.release === newest && one.runs?.release === newest,
  ).catch((error: unknown) => {
    findings.push(
      `after kill ${kill}: it does not come to release ${newest}: ${String(error).slice(0, 600)}`,
    );
  });
}
