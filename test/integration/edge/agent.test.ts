import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AgentProcess, type StatusModel, startAgent, until } from "#test/support/edge/agent-process.ts";
import { type EdgeWorld, model, openEdgeWorld } from "#test/support/edge/edge-world.ts";
import { demoModel, goldenOf, variantOf } from "#test/support/edge/releases.ts";
import { repository } from "#test/support/run-tradewind.ts";

const patient = { timeout: 240_000 };
const demo = join(repository, "inference/models/demo");

let world: EdgeWorld;
let golden: Buffer;
let image: Buffer;
let newest = 0;

beforeAll(async () => {
  world = await openEdgeWorld();
  golden = await goldenOf(demoModel("digits-n"), 1);
  image = await readFile(join(demo, "sample.jpg"));
  await release();
}, 120_000);

afterAll(() => world[Symbol.asyncDispose]());

/** The next one, for all devices. */
async function release(): Promise<number> {
  newest += 1;
  await world.publish({ release: newest, model: await variantOf(demoModel("digits-n"), newest), golden });
  await world.rollOut(newest);
  return newest;
}

type Device = { readonly folder: string; readonly args: readonly string[] };

function deviceAt(name: string, more: readonly string[] = []): Device {
  const folder = join(world.folder, name);
  return { folder, args: ["--gateway", world.gateway.url, "--data", folder, "--every", "1s", ...more] };
}

async function enrolled(
  name: string,
  more: readonly string[] = [],
): Promise<Device & { agent: AgentProcess }> {
  const device = deviceAt(name, more);
  const agent = await startAgent({ args: [...device.args, "--enrol", await world.token()] });
  return { ...device, agent };
}

const runs = (release: number) => (one: StatusModel | undefined) => one?.runs?.release === release;

async function comesTo(agent: AgentProcess, release: number): Promise<void> {
  agent.kill("SIGHUP");
  await until(() => agent.model(model), runs(release));
}

async function answers(agent: AgentProcess): Promise<number> {
  const response = await agent.detect(model, image);
  expect(response.status).toBe(200);
  expect(response.headers.get("x-tradewind-answered-by")).toBe("edge");
  const { detections } = (await response.json()) as { detections: unknown[] };
  return detections.length;
}

describe("a device", () => {
  test(
    "enrols, fetches what is planned, answers, and says the same of itself to the gateway",
    patient,
    async () => {
      const { agent } = await enrolled("first");
      await using _ = agent;
      await comesTo(agent, newest);
      expect(await answers(agent)).toBeGreaterThan(0);
      const { device } = await agent.sync();
      const text = "SELECT active FROM device_models WHERE device = $1";
      await until(
        () => world.database.query(text, [device]),
        (rows) => JSON.stringify(rows).includes(String(newest)),
      );
      expect(await agent.stop()).toBe(0);
    },
  );

  test("answers after a start without a gateway, with what it had", patient, async () => {
    const { agent, folder } = await enrolled("alone");
    await comesTo(agent, newest);
    await agent.stop();
    const away = ["--gateway", "http://127.0.0.1:9", "--data", folder];
    await using again = await startAgent({ args: away });
    expect(await answers(again)).toBeGreaterThan(0);
    const { trouble } = await again.sync();
    expect(trouble).toMatch(/repository_unreachable/);
    expect(await answers(again)).toBeGreaterThan(0);
  });

  test("is off a revoked release after one look, and runs what it ran before", patient, async () => {
    const { agent, folder } = await enrolled("revoked");
    await using _ = agent;
    await comesTo(agent, newest);
    const before = newest;
    const bad = await release();
    await comesTo(agent, bad);
    await world.revoke(bad);
    await agent.sync();
    const one = await agent.model(model);
    expect(one?.runs?.release).toBe(before);
    expect(one?.quarantined.at(-1)).toMatchObject({ release: bad, cause: "revoked" });
    expect(await readdir(join(folder, "models"))).toHaveLength(1);
    expect(await answers(agent)).toBeGreaterThan(0);
    await release();
    await comesTo(agent, newest);
  });

  test("goes back when its rollout is rolled back, without fetching anything", patient, async () => {
    const { agent } = await enrolled("back");
    await using _ = agent;
    await comesTo(agent, newest);
    const before = newest;
    await release();
    await comesTo(agent, newest);
    // The gateway knows of the switch by the report that follows it.
    await agent.sync();
    const { fetched_bytes } = await agent.status();
    await world.turn("rollback");
    await until(agent.sync, ({ models }) => models.some((one) => runs(before)(one)));
    expect((await agent.status()).fetched_bytes).toBe(fetched_bytes);
    await release();
    await comesTo(agent, newest);
  });

  test("lets no second agent into its folder", patient, async () => {
    const { agent, args } = await enrolled("one-only");
    await using _ = agent;
    await expect(startAgent({ args })).rejects.toThrow(new RegExp(`process ${agent.pid} is the agent of`));
    expect((await agent.status()).device).not.toBeNull();
  });

  test(
    "is refused with a token that was used up, and ends where it has nothing to answer with",
    patient,
    async () => {
      const device = deviceAt("twice");
      const token = await world.token();
      const first = await startAgent({ args: [...device.args, "--enrol", token] });
      await until(first.status, (now) => now.device !== null);
      await first.stop();
      const other = deviceAt("second");
      const agent = await startAgent({ args: [...other.args, "--enrol", token] });
      expect(await agent.exit).toBe(1);
      expect(agent.said()).toMatch(/the token is unknown, used up/);
      const third = deviceAt("third", ["--builtin", demo]);
      await using own = await startAgent({ args: [...third.args, "--enrol", token] });
      const { trouble } = await own.sync();
      expect(trouble).toMatch(/enrolment_refused/);
      expect(await answers(own)).toBeGreaterThan(0);
    },
  );

  test.each([-10, 70])("takes part with a clock that is %d years off", patient, async (years) => {
    const device = deviceAt(`off-${years}`);
    const code = `const right=Date.now;Date.now=()=>right()+${years * 365}*864e5`;
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
    await using agent = await startAgent({ args: [...device.args, "--enrol", await world.token()], env });
    await comesTo(agent, newest);
    expect(await answers(agent)).toBeGreaterThan(0);
    expect(await agent.sync()).toMatchObject({ trouble: null, clock_trusted: false });
  });

  test("shows its folder's key and its token to nobody, and keeps no image", patient, async () => {
    const { agent, folder } = await enrolled("private");
    await using _ = agent;
    await comesTo(agent, newest);
    await answers(agent);
    await agent.sync();
    const key = await readFile(join(folder, "keys/device.pem"), "utf8");
    const secret = key.split("\n").find((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line)) ?? key;
    expect(agent.said()).not.toContain(secret);
    const pixels = image.subarray(2_000, 2_064);
    for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const bytes = await readFile(join(file.parentPath, file.name));
      expect(bytes.includes(pixels), file.name).toBe(false);
      expect(bytes.includes(image.subarray(2_000, 2_064).toString("base64")), file.name).toBe(false);
    }
    const { rows } = { rows: await world.database.query("SELECT report FROM device_models", []) };
    expect(JSON.stringify(rows)).not.toMatch(/detections|base64/);
  });
});
