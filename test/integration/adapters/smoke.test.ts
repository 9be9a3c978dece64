import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { runSmoke } from "#test/live/run-smoke.ts";
import { startCluster } from "#test/support/clouds/kubernetes/start-cluster.ts";
import { createLightWorld } from "#test/support/clouds/light-world.ts";
import { startFakeBackend } from "#test/support/fake-backend.ts";

const routes = "routes: [{ models: [digits-s], failover: [[it]] }]";

async function smoke(kind: string | undefined, provider: string, env: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "tradewind-live-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "tradewind.yaml");
  await writeFile(
    file,
    `models: { digits-s: { source: x } }\nproviders: { it: { ${provider} } }\n${routes}\n`,
  );
  const lines: string[] = [];
  const given = { TRADEWIND_LIVE_CONFIG: file, ...env };
  const code = await runSmoke({ kind, env: given, say: (line) => lines.push(line) });
  return { code, text: lines.join("\n") };
}

test("a list of addresses is looked at and called once, and nothing is changed there", async () => {
  await using backend = await startFakeBackend();
  const { code, text } = await smoke("static", `kind: static, urls: ["${backend.url}"], usdPerHour: 0.5`);
  expect(code).toBe(0);
  expect(text).toMatch(/it {2}status {2}\d+ ms {2}1 of 1 run, 0 pending; stable standing ready/);
  expect(text).toMatch(/it {2}price {2}\d+ ms {2}0.5 \$\/h, billed provisioned, from usdPerHour/);
  expect(text).toMatch(/it {2}one image {2}\d+ ms {2}1 things found\nall of it worked$/);
});

test("a cluster is looked at with its own credentials", async () => {
  const world = createLightWorld();
  const cluster = await startCluster({ world });
  onTestFinished(async () => {
    await cluster.close();
    await world.close();
  });
  await cluster.stand("detector", { image: `x@sha256:${"1".repeat(64)}`, pods: 1 });
  await vi.waitFor(() => expect(world.instances()[0]?.state()).toBe("ready"));
  const provider = `kind: kubernetes, namespace: ${cluster.namespace}, service: detector`;
  const { code, text } = await smoke("kubernetes", provider, {
    ...cluster.env,
    TRADEWIND_LIVE_WRITE: "1",
    TRADEWIND_LIVE_IMAGE: "unused",
  });
  expect(text).toContain("1 of 1 run");
  expect(text).toContain("not this platform's to do, so nothing is changed");
  expect(code).toBe(0);
  expect(cluster.problems()).toEqual([]);
});

test("what does not work is said, with its code and what to do, and the rest is tried all the same", async () => {
  await using backend = await startFakeBackend({
    describe: (_, response) => {
      response.writeHead(503).end();
    },
  });
  const { code, text } = await smoke("static", `kind: static, urls: ["${backend.url}"]`);
  expect(code).toBe(1);
  expect(text).toContain("0 of 1 run");
  expect(text).toContain("FAILED backend_full");
  expect(text).toContain("1 step failed");
});

test.each([
  [undefined, {}, "missing: KIND\n"],
  ["static", { TRADEWIND_LIVE_CONFIG: "" }, "missing: TRADEWIND_LIVE_CONFIG\n"],
  ["static", { TRADEWIND_LIVE_WRITE: "1" }, "missing: TRADEWIND_LIVE_IMAGE\n"],
  ["kubernetes", {}, "missing: a provider of kind kubernetes in "],
] as const)(
  "without what it needs a live smoke of %s with %j does nothing and says what is missing",
  async (kind, env, missing) => {
    const { code, text } = await smoke(kind, 'kind: static, urls: ["http://127.0.0.1:1"]', env);
    expect(code).toBe(2);
    expect(text).toContain(missing);
    expect(text).toContain("usage: node test/live/smoke.ts KIND");
  },
);
