import { expect, onTestFinished, test, vi } from "vitest";
import { startCluster } from "#test/support/clouds/kubernetes/start-cluster.ts";
import { createLightWorld, versionOfImage } from "#test/support/clouds/light-world.ts";
import { keysYaml, makeFileKey, patiently, picture, startGateway } from "#test/support/gateway-process.ts";

const imageOf = (digit: string): string => `registry/detector@sha256:${digit.repeat(64)}`;

test("a gateway follows the pods of a service through a rollout, and no image is lost by it", {
  timeout: 60_000,
}, async () => {
  const world = createLightWorld();
  const cluster = await startCluster({ world });
  onTestFinished(async () => {
    await cluster.close();
    await world.close();
  });
  await cluster.stand("detector", { image: imageOf("1"), pods: 2 });
  const key = makeFileKey();
  const pods = { kind: "kubernetes", namespace: cluster.namespace, service: "detector", rediscover: "100ms" };
  const routes = [{ models: ["digits-s"], failover: [["pods"]], cache: "off" }];
  await using gateway = await startGateway({
    backend: "http://unused",
    config: { providers: { pods }, routes },
    keys: keysYaml([key]),
    env: cluster.env,
  });
  let pictures = 0;
  const ask = async () => {
    pictures += 1;
    const reply = await gateway.ask("/v1/models/digits-s/detect", {
      key: key.text,
      body: await picture(pictures),
    });
    return { status: reply.status, text: reply.text };
  };
  await vi.waitFor(async () => expect((await ask()).status).toBe(200), patiently);
  const next = versionOfImage(imageOf("2"));
  const rolling = cluster.stand("detector", { image: imageOf("2"), pods: 2 });
  const statuses: number[] = [];
  await vi.waitFor(async () => {
    const { status, text } = await ask();
    statuses.push(status);
    expect(text).toContain(next);
  }, patiently);
  await rolling;
  for (let more = 0; more < 10; more += 1) statuses.push((await ask()).status);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect(cluster.problems()).toEqual([]);
});
