import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { survey } from "#adapters/ecs/survey.ts";
import type { Provider } from "#adapters/provider.ts";
import { openProviders, type ProviderSettings, providerSchema } from "#adapters/registry.ts";
import { signatureHeader } from "#infra/runtime/signed-call.ts";
import { patience, standNew } from "#test/support/clouds/control-bench.ts";
import { openEcsBench } from "#test/support/clouds/ecs/ecs-bench.ts";
import {
  type EcsSubject,
  type EcsSubjectOptions,
  openEcsSubject,
} from "#test/support/clouds/ecs/open-subject.ts";

const signal = AbortSignal.timeout(60_000);

async function opened(options: EcsSubjectOptions = {}): Promise<EcsSubject> {
  const subject = await openEcsSubject(options);
  onTestFinished(() => subject[Symbol.asyncDispose]());
  return subject;
}

async function provider({ settings, surroundings }: EcsSubject, given: object = {}): Promise<Provider> {
  const providers = await openProviders({ one: { ...settings, ...given } as ProviderSettings }, surroundings);
  const one = providers.get("one");
  if (!one) throw new Error("it was not opened");
  onTestFinished(() => one.close());
  return one;
}

const actionsOf = ({ fake }: EcsSubject): readonly string[] => fake.calls().map(({ action }) => action);

test("finds more ECS tasks than one page holds, each once and by its id", async () => {
  const subject = await opened({ fake: { desiredCount: 120 } });
  const found = await (await provider(subject)).discover({ signal });
  expect(new Set(found.map(({ url }) => url)).size).toBe(120);
  expect(found.every(({ name }) => /^[0-9a-f]{32}$/.test(name ?? ""))).toBe(true);
  expect(actionsOf(subject).filter((action) => action === "ecs:DescribeTasks")).toHaveLength(2);
  expect(subject.fake.problems()).toEqual([]);
});

test("an ECS service and its cluster may be named by their ARNs", async () => {
  const subject = await opened();
  const { cluster, service } = subject.fake;
  const named = await provider(subject, { cluster: cluster.arn, service: service.arn });
  expect(await named.discover({ signal })).toHaveLength(1);
});

test("says which ECS service or cluster is missing", async () => {
  const subject = await opened();
  const ask = async (given: object) => (await provider(subject, given)).discover({ signal });
  await expect(ask({ service: "gone" })).rejects.toMatchObject({
    code: "provider_missing",
    message: expect.stringContaining("vision/gone: MISSING"),
  });
  await expect(ask({ cluster: "gone" })).rejects.toMatchObject({
    code: "provider_missing",
    message: expect.stringContaining("cluster gone"),
  });
});

test("an ECS service that was deleted is missing, though ECS still describes it", async () => {
  const subject = await opened();
  subject.fake.service.isDeleted = true;
  await expect((await provider(subject)).discover({ signal })).rejects.toMatchObject({
    code: "provider_missing",
    message: "there is no service detect in cluster vision",
  });
});

test("says what ECS tasks without addresses of their own need", async () => {
  const subject = await opened({ fake: { networkMode: "bridge" } });
  await expect((await provider(subject)).discover({ signal })).rejects.toMatchObject({
    code: "provider_unsupported",
    hint: expect.stringContaining("awsvpc"),
  });
});

test("believes ECS tasks that check no health once they run, and asks for their definition once", async () => {
  const subject = await opened({ fake: { checksHealth: false } });
  const stable = await provider(subject);
  expect(await stable.discover({ signal })).toHaveLength(1);
  expect(await stable.discover({ signal })).toHaveLength(1);
  expect(actionsOf(subject).filter((action) => action === "ecs:DescribeTaskDefinition")).toHaveLength(1);
});

test("finds the other ECS tasks when one goes between two questions", async () => {
  const subject = await opened({ fake: { desiredCount: 2 } });
  const stable = await provider(subject);
  subject.fake.fail({ action: "ecs:DescribeTasks", times: 1, kind: { slowMs: 100 } });
  const finding = stable.discover({ signal });
  await vi.waitFor(() => expect(actionsOf(subject)).toContain("ecs:ListTasks"), { interval: 5 });
  subject.fake.service.tasks.splice(0, 1);
  expect(await finding).toHaveLength(1);
});

test("an ECS service behind a load balancer is one address, for which nobody at AWS is asked", async () => {
  const endpoints = { url: "http://127.0.0.1:9", candidateUrl: "http://127.0.0.1:10" };
  const settings = { endpoints, unsigned: true };
  const bench = await openEcsBench({ fake: { hasLoadBalancer: true }, settings });
  expect((await bench.stable.discover(bench)).map(({ url }) => url)).toEqual(["http://127.0.0.1:9"]);
  expect(bench.stable.rediscoverMs).toBeUndefined();
  expect(bench.fake.calls()).toEqual([]);
  expect(await bench.candidate.discover(bench)).toEqual([]);
  const revision = await standNew(bench);
  expect((await bench.candidate.discover(bench)).map(({ url }) => url)).toEqual(["http://127.0.0.1:10"]);
  await bench.control.promote({ revision }, bench);
  await vi.waitFor(async () => expect(await bench.candidate.discover(bench)).toEqual([]), patience);
  expect(bench.fake.problems()).toEqual([]);
});

test("signs what it sends through a load balancer", async () => {
  const heard: (string | string[] | undefined)[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers[signatureHeader.toLowerCase()]);
    response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const subject = await opened({
    settings: { endpoints: { url }, sign: { secret: { env: "CALL_SECRET" } } },
  });
  const env = { ...subject.surroundings.env, CALL_SECRET: "a-secret-of-thirty-two-characters" };
  const signed = { ...subject, surroundings: { ...subject.surroundings, env } };
  const [endpoint] = await (await provider(signed)).discover({ signal });
  await endpoint?.client.describe("digits-s", { signal }).catch(() => undefined);
  expect(heard).toEqual([expect.stringMatching(/\S{20,}/)]);
});

test("keeps old and new ECS tasks apart until the traffic comes, mixes them while it does, and then leaves the old", async () => {
  const settings = { strategy: "canary", step: "20%", stepBake: "2m", bake: "2m" };
  const fake = { hasLoadBalancer: true, minuteMs: 300 };
  const bench = await openEcsBench({ fake, settings });
  const versions = async (): Promise<string[]> => {
    const found = await bench.stable.discover(bench);
    const told = found.map(({ client }) => client.describe("digits-s", { signal }));
    return (await Promise.all(told)).map(({ version }) => version).sort();
  };
  const revision = await standNew(bench);
  expect(await versions()).toEqual(["11111111"]);
  await bench.control.promote({ revision }, bench);
  await expect.poll(versions, patience).toEqual(["11111111", "22222222"]);
  const { revisions } = await bench.status();
  expect(revisions.map(({ role, share }) => ({ role, share }))).toEqual([
    { role: "stable", share: 0.2 },
    { role: "previous", share: 0.8 },
  ]);
  await expect.poll(versions, patience).toEqual(["22222222"]);
  expect(bench.fake.problems()).toEqual([]);
});

test("finds the services of a region with what a configuration needs to know of them", async () => {
  const { fake, surroundings } = await opened({ fake: { port: 9_000, machine: "g4dn.xlarge" } });
  const scope = { regions: ["eu-west-1"], projects: [], subscriptions: [], api: { ecs: fake.url }, signal };
  const [found, ...others] = await survey(scope, surroundings);
  expect(others).toEqual([]);
  expect(found).toEqual({
    kind: "ecs",
    name: "detect",
    settings: { region: "eu-west-1", cluster: "vision", service: "detect", port: 9_000 },
    hasGpu: true,
    price: "aws/g4dn.xlarge/eu-west-1",
    isProvisioned: true,
    notes: ["1 of 1 tasks run on g4dn.xlarge"],
  });
  expect(providerSchema.safeParse({ kind: "ecs", ...found?.settings }).success).toBe(true);
  expect(fake.problems()).toEqual([]);
});
