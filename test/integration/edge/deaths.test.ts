import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AgentProcess, startAgent, until } from "#test/support/edge/agent-process.ts";
import { type EdgeWorld, model, openEdgeWorld } from "#test/support/edge/edge-world.ts";
import { writeGoldenColours, writeHeavyColours } from "#test/support/edge/golden-colours.ts";
import { variantOf } from "#test/support/edge/releases.ts";

let world: EdgeWorld;
let image: Buffer;
let rollout = "";

/** A device with release 2 on probation after 1, whose agent was killed at rest; and the same once more, on its own. */
let device: readonly string[];
let copy: readonly string[];

beforeAll(async () => {
  world = await openEdgeWorld();
  image = await sharp({ create: { width: 64, height: 64, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  // What waits is always there before the one that computes is done.
  const slow = join(world.folder, "slow.onnx");
  await writeHeavyColours(slow, { side: 512, products: 6 });
  const golden = await readFile(await writeGoldenColours(slow, join(world.folder, "golden.json")));
  const folder = join(world.folder, "device");
  device = ["--gateway", world.gateway.url, "--data", folder, "--every", "1s"];
  copy = ["--gateway", "http://127.0.0.1:9", "--data", `${folder}-copy`];
  const publish = async (release: number): Promise<void> => {
    await world.publish({ release, model: await variantOf(slow, release), golden });
    rollout = await world.rollOut(release);
  };
  await publish(1);
  await using agent = await startAgent({ args: [...device, "--enrol", await world.token()] });
  const runs = async (release: number): Promise<void> => {
    agent.kill("SIGHUP");
    await until(
      () => agent.model(model),
      (one) => one?.runs?.release === release,
    );
  };
  await runs(1);
  await publish(2);
  await runs(2);
  agent.kill("SIGKILL");
  await agent.exit;
  await cp(folder, `${folder}-copy`, { recursive: true });
}, 120_000);

afterAll(() => world?.[Symbol.asyncDispose]());

const atOnce = 12;

/** Sends more than it has answered by the third answer, and ends it then: by that time all the others wait. */
async function endAtWork(agent: AgentProcess, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  let answered = 0;
  const asked = Array.from({ length: atOnce }, async () => {
    const response = await agent.detect(model, image).catch(() => undefined);
    if (response?.status === 200) answered += 1;
  });
  await expect.poll(() => answered, { interval: 1 }).toBeGreaterThanOrEqual(3);
  agent.kill(signal);
  await agent.exit;
  await Promise.all(asked);
  if (signal === "SIGKILL") expect(answered).toBeLessThan(atOnce);
}

// Two devices that know nothing of each other.
describe.concurrent("an agent that dies", { timeout: 90_000 }, () => {
  test("three times at work leaves its release for the one before, and the rollout stops", async () => {
    for (let death = 0; death < 3; death += 1) {
      await using agent = await startAgent({ args: device });
      expect(await agent.model(model)).toMatchObject({ runs: { release: 2 }, probation: { deaths: death } });
      await endAtWork(agent, "SIGKILL");
    }
    await using agent = await startAgent({ args: device });
    expect(await agent.model(model)).toMatchObject({
      ...{ active: { release: 1 }, runs: { release: 1 }, probation: null },
      quarantined: [{ release: 2, cause: "unhealthy", detail: expect.stringMatching(/stopped 3 times/) }],
    });
    expect((await agent.detect(model, image)).status).toBe(200);
    agent.kill("SIGHUP");
    await until(
      () => world.rollout(rollout),
      ({ state }) => state === "stopped",
    );
    const told = await world.database.query("SELECT report->'failure' AS failure FROM device_models", []);
    expect(told).toMatchObject([{ failure: { cause: "unhealthy", release: 2 } }]);
  });

  test("with nothing in hand, or is stopped at work, says nothing of its release", async () => {
    await using first = await startAgent({ args: copy });
    await endAtWork(first, "SIGTERM");
    for (let kill = 2; kill <= 4; kill += 1) {
      // Disposing kills it.
      await using agent = await startAgent({ args: copy });
      expect(await agent.model(model)).toMatchObject({ runs: { release: 2 }, probation: { deaths: 0 } });
      if (kill === 2) expect((await agent.detect(model, image)).status).toBe(200);
    }
    await using last = await startAgent({ args: copy });
    expect(await last.model(model)).toMatchObject({ runs: { release: 2 }, probation: { deaths: 0 } });
  });
});
