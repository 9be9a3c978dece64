import { resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createLightWorld } from "#test/support/clouds/light-world.ts";
import { createRealWorld } from "#test/support/clouds/real-world.ts";
import type { World } from "#test/support/clouds/world.ts";

const models = resolve(import.meta.dirname, "../../inference/models/demo");
const image = "registry.example/detector@sha256:aa11";

const worlds: readonly (readonly [string, () => World])[] = [
  ["light", () => createLightWorld({ coldMs: 20 })],
  ["real", () => createRealWorld({ images: { [image]: { models } }, coldMs: 20 })],
];

test.each(worlds)(
  "an instance of the %s world answers when it is ready, and no more when it was stopped",
  async (_, create) => {
    const world = create();
    onTestFinished(() => world.close());
    const instance = world.start({ image, env: {}, host: "127.0.7.9" });
    expect(instance.state()).toBe("starting");
    await instance.ready;
    expect(new URL(instance.url).hostname).toBe("127.0.7.9");
    expect((await fetch(`${instance.url}/v2/health/ready`)).status).toBe(200);
    expect((await fetch(`${instance.url}/v2/models/digits-s`)).status).toBe(200);
    await instance.stop();
    await instance.stop();
    expect(instance.state()).toBe("stopped");
    await expect(fetch(`${instance.url}/v2/health/ready`)).rejects.toThrow();
  },
);

test.each(worlds)("an instance of the %s world whose image cannot run fails", async (_, create) => {
  const world = create();
  onTestFinished(() => world.close());
  const instance = world.start({ image: "registry.example/broken@sha256:bb22", env: {} });
  await expect(instance.ready).rejects.toThrow("broken");
  expect(instance.state()).toBe("failed");
});

test.each(worlds)("an instance of the %s world can be stopped before it is ready", async (_, create) => {
  const world = create();
  onTestFinished(() => world.close());
  const instance = world.start({ image, env: {} });
  await instance.stop();
  await expect(instance.ready).rejects.toThrow();
  expect(instance.state()).toBe("stopped");
});
