import { expect, onTestFinished, test, vi } from "vitest";
import { openControl } from "#adapters/controls.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { newOf, patience } from "#test/support/clouds/control-bench.ts";
import { openEcsBench } from "#test/support/clouds/ecs/ecs-bench.ts";

test("tasks for which ECS has no machine are told with what is lacking", async () => {
  const bench = await openEcsBench();
  bench.fake.setCapacity(1);
  await bench.control.scale({ count: 3 }, bench);
  await vi.waitFor(async () => {
    const { desired, running, isSettled, troubles } = await bench.status();
    expect({ desired, running, isSettled }).toEqual({ desired: 3, running: 1, isSettled: false });
    expect(troubles).toContainEqual(expect.objectContaining({ kind: "capacity", name: "RESOURCE:GPU" }));
  }, patience);
  bench.fake.setCapacity(3);
  await vi.waitFor(async () => expect((await bench.status()).isSettled).toBe(true), patience);
});

test("a Spot machine that is taken away is told, and ECS starts another task", async () => {
  const bench = await openEcsBench();
  const [before] = await bench.stable.discover(bench);
  bench.fake.interruptSpot();
  await vi.waitFor(async () => {
    const [after] = await bench.stable.discover(bench);
    expect(after?.name).toMatch(/^[0-9a-f]{32}$/);
    expect(after?.name).not.toBe(before?.name);
  }, patience);
  const { troubles } = await bench.status();
  expect(troubles).toContainEqual(expect.objectContaining({ kind: "capacity", name: "Spot" }));
});

test("cold starts are measured on the tasks of ECS", async () => {
  const bench = await openEcsBench({ fake: { desiredCount: 2 } });
  const { coldStarts } = await bench.status();
  expect(coldStarts).toHaveLength(2);
  for (const { ms } of coldStarts) expect(ms).toBeGreaterThanOrEqual(25);
});

test("where tasks are placed is told to ECS once, and a provider that it does not know is refused", async () => {
  const capacityProviders = [
    { name: "gpu", base: 1 },
    { name: "gpu-spot", weight: 3 },
  ];
  const known = await openEcsBench({
    fake: { capacityProviders: ["gpu", "gpu-spot"] },
    settings: { capacityProviders },
  });
  await known.control.scale({ count: 1 }, known);
  await known.control.scale({ count: 1 }, known);
  expect(known.told).toHaveLength(1);
  expect(known.fake.service.capacityProviderStrategy).toHaveLength(2);
  const unknown = await openEcsBench({ settings: { capacityProviders } });
  await expect(unknown.control.scale({ count: 2 }, unknown)).rejects.toMatchObject({
    code: "provider_refused",
    message: expect.stringContaining("capacity provider 'gpu'"),
  });
});

test("an ECS service with one task on each machine has no count to be set", async () => {
  const bench = await openEcsBench({ fake: { scheduling: "DAEMON" } });
  await expect(bench.control.scale({ count: 2 }, bench)).rejects.toMatchObject({
    code: "provider_unsupported",
  });
  expect(bench.told).toEqual([]);
});

test("a count of ECS tasks stays between the least and the most", async () => {
  const bench = await openEcsBench();
  await bench.control.scale({ count: 9, most: 2 }, bench);
  expect(bench.fake.service.desiredCount).toBe(2);
  await bench.control.scale({ least: 3 }, bench);
  expect(bench.fake.service.desiredCount).toBe(3);
  await bench.control.scale({ least: 1, most: 5 }, bench);
  expect(bench.told).toHaveLength(2);
});

test("calls to ECS signed with another secret are refused as forbidden, and told by the fake", async () => {
  const bench = await openEcsBench();
  const env = { ...bench.surroundings.env, AWS_SECRET_ACCESS_KEY: "another-word" };
  await using stranger = await openControl(bench.settings, { ...bench.surroundings, env });
  await expect(stranger.status(bench)).rejects.toMatchObject({ code: "provider_forbidden" });
  expect(bench.fake.problems().join()).toContain("the signature is not of this request");
});

test.each([
  ["full", "provider_full"],
  ["conflict", "provider_conflict"],
  ["truncated", "provider_answer_invalid"],
] as const)("a change of ECS that meets %s is %s and is not made twice", async (kind, code) => {
  const bench = await openEcsBench();
  bench.fake.fail({ action: "ecs:UpdateService", times: 9, kind });
  await expect(bench.control.wake({ instances: 3 }, bench)).rejects.toMatchObject({ code });
  const made = bench.fake.calls().filter(({ action }) => action === "ecs:UpdateService");
  expect(made).toHaveLength(1);
});

test("a quota of AWS is named in what a refused change says", async () => {
  const bench = await openEcsBench();
  bench.fake.fail({ action: "ecs:UpdateService", times: 9, kind: "quota" });
  await expect(bench.control.scale({ count: 3 }, bench)).rejects.toMatchObject({
    code: "provider_quota",
    message: "a quota stands against ecs:UpdateService: vCPUs",
  });
});

test("whoever ends a question to ECS hears their own reason, before it is asked and while it is", async () => {
  const bench = await openEcsBench();
  const reason = new TradewindError("draining", "enough");
  const aborted = { ...bench, signal: AbortSignal.abort(reason) };
  await expect(bench.control.status(aborted)).rejects.toBe(reason);
  const leaving = new AbortController();
  bench.fake.fail({ action: "ecs:DescribeServices", times: 9, kind: { slowMs: 10_000 } });
  const asked = bench.control.deploy(newOf(bench), { ...bench, signal: leaving.signal });
  leaving.abort(reason);
  await expect(asked).rejects.toBe(reason);
  const late = { signal: AbortSignal.timeout(50) };
  await expect(bench.control.status(late)).rejects.toMatchObject({ code: "deadline_exceeded" });
  const throttled = { signal: AbortSignal.timeout(100) };
  bench.fake.fail({ action: "ecs:ListServiceDeployments", times: 99, kind: "throttled" });
  await expect(bench.control.status(throttled)).rejects.toMatchObject({ code: "deadline_exceeded" });
});

test("the SDK's own chain finds who asks ECS where nothing else says so, and its lack is told", async () => {
  const bench = await openEcsBench();
  const { AWS_ENDPOINT_URL_ECS: _address, ...keys } = bench.fake.env;
  for (const [name, value] of Object.entries(keys)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const bare = { ...bench.surroundings, env: {} };
  await using found = await openControl(bench.settings, bare);
  expect((await found.status(bench)).desired).toBe(1);
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials");
  vi.stubEnv("AWS_CONFIG_FILE", "/nowhere/config");
  await using nobody = await openControl(bench.settings, bare);
  await expect(nobody.status(bench)).rejects.toMatchObject({
    code: "provider_forbidden",
    message: expect.stringContaining("no AWS credentials"),
    hint: expect.stringContaining("task role"),
  });
});

test("what is opened for ECS closes twice", async () => {
  const { control, stable } = await openEcsBench();
  for (const one of [control, stable, control, stable]) await one.close();
});
