import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "../random.ts";
import { repository } from "../run-tradewind.ts";
import { type AgentProcess, type StatusModel, startAgent, until } from "./agent-process.ts";
import { type EdgeWorld, model, openEdgeWorld } from "./edge-world.ts";
import { demoModel, goldenOf, variantOf } from "./releases.ts";

export type KillResult = {
  readonly kills: number;
  /** In what the last kill of each found the device. */
  readonly found: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
};

type Rig = {
  readonly world: EdgeWorld;
  readonly golden: Buffer;
  readonly image: Buffer;
  readonly args: readonly string[];
};

/**
 * A real agent is killed at random instants while it fetches, tests and switches to release after release. After each
 * kill it starts, answers with a release that was published whole, and ends with the newest one.
 */
export async function killAgents({
  count,
  seed,
  signal = new AbortController().signal,
  main,
}: {
  readonly count: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly main?: string;
}): Promise<KillResult> {
  const random = seededRandom(seed);
  await using world = await openEdgeWorld({ poll: "1s" });
  const golden = await goldenOf(demoModel("digits-n"), 1);
  const image = await readFile(join(repository, "inference/models/demo/sample.jpg"));
  const args = ["--gateway", world.gateway.url, "--data", join(world.folder, "device"), "--every", "1s"];
  const rig: Rig = { world, golden, image, args };
  await release(rig, 1);
  const findings: string[] = [];
  const found: Record<string, number> = {};
  let newest = 1;
  const token = await world.token();
  const start = (more: readonly string[] = []): Promise<AgentProcess> =>
    startAgent({ args: [...args, ...more], ...(main !== undefined && { main }) });
  let agent = await start(["--enrol", token]);
  try {
    await until(
      () => agent.model(model),
      (one) => runs(one, newest),
    );
    for (let kill = 1; kill <= count && !signal.aborted; kill += 1) {
      // Every other kill hits a sync under way; those between hit a start that goes on with what the last one left.
      if (kill % 2 === 1) {
        newest += 1;
        await release(rig, newest);
        agent.kill("SIGHUP");
      }
      await new Promise((resolve) => setTimeout(resolve, random.between(0, 1_600)));
      const before = await agent.model(model).catch(() => undefined);
      agent.kill("SIGKILL");
      await agent.exit;
      const stage = stageOf(before, newest);
      found[stage] = (found[stage] ?? 0) + 1;
      agent = await start();
      findings.push(...(await judge(agent, rig, { kill, seed, newest, stage })));
      if (kill % 2 === 0 || kill === count) await inSync(agent, newest, findings, kill);
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

function stageOf(one: StatusModel | undefined, newest: number): string {
  if (!one) return "silent";
  if (one.trial) return "on trial";
  return one.active?.release === newest ? "switched" : "before or in the fetch";
}

type Judged = {
  readonly kill: number;
  readonly seed: number;
  readonly newest: number;
  readonly stage: string;
};

/** It answers at once, with one of the two releases that it may be at. */
async function judge(agent: AgentProcess, { image }: Rig, judged: Judged): Promise<string[]> {
  const { kill, seed, newest, stage } = judged;
  const one = await agent.model(model);
  const say = (what: string): string => `kill ${kill} of seed ${seed} (${stage}): ${what}`;
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
    (one) => runs(one, newest),
  ).catch((error: unknown) => {
    findings.push(
      `after kill ${kill}: it does not come to release ${newest}: ${String(error).slice(0, 600)}`,
    );
  });
}

function runs(one: StatusModel | undefined, release: number): boolean {
  return one?.active?.release === release && one.runs?.release === release;
}
