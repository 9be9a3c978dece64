import { expect, test } from "vitest";
import type { Answered } from "#edge/answer/running-model.ts";
import { createRunningModels } from "#edge/answer/running-models.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeModels, imageAnswer } from "#test/support/fake-open-model.ts";

const { signal } = new AbortController();
const options = { conf: 0.25, iou: 0.7, maxDetections: 300 };

function openRunning() {
  const fake = createFakeModels();
  const running = createRunningModels({ workers: 1, clock: systemClock, open: fake.open });
  const turnTo = (release: number, more: { name?: string; signal?: AbortSignal } = {}) =>
    running.turnTo(
      { name: more.name ?? "digits", version: `${release}`, path: "x.onnx", release, sha256: `${release}` },
      { signal: more.signal ?? signal },
    );
  const look = async () => {
    using held = running.lease("digits");
    return await held?.model.detect?.(Buffer.alloc(0), { options, signal });
  };
  return { fake, running, turnTo, look };
}

test("a model that was turned to is found, named and leased, and one that never ran is not", async () => {
  const { running, turnTo } = openRunning();
  expect([running.find("digits"), running.lease("digits"), running.names()]).toEqual([
    undefined,
    undefined,
    [],
  ]);
  await turnTo(1);
  expect(running.find("digits")).toMatchObject({ release: 1, sha256: "1", model: { version: "1" } });
  expect(running.names()).toEqual(["digits"]);
});

test("the old model is closed only when the new one answers and the last lease is back", async () => {
  const { fake, running, turnTo } = openRunning();
  await turnTo(1);
  const held = running.lease("digits");
  const again = running.lease("digits");
  const turning = turnTo(2);
  await expect.poll(() => running.find("digits")?.release).toBe(2);
  held?.[Symbol.dispose]();
  held?.[Symbol.dispose]();
  expect(await Promise.race([turning, systemClock.sleep(20).then(() => "waits")])).toBe("waits");
  expect(fake.events).toEqual(["opened digits 1", "opened digits 2"]);
  expect(await again?.model.detect?.(Buffer.alloc(0), { options, signal })).toBe(imageAnswer);
  again?.[Symbol.dispose]();
  await turning;
  expect(fake.events).toEqual(["opened digits 1", "opened digits 2", "closed digits 1"]);
});

test("a model that does not open leaves the old one in its place", async () => {
  const { fake, running, turnTo, look } = openRunning();
  await turnTo(1);
  fake.opening = () => Promise.reject(new TradewindError("model_unusable", "it is damaged"));
  await expect(turnTo(2)).rejects.toMatchObject({ code: "model_unusable" });
  expect(running.find("digits")).toMatchObject({ release: 1 });
  expect(await look()).toBe(imageAnswer);
  expect(fake.events).toEqual(["opened digits 1"]);
});

test("whoever gives up while a model opens keeps the old one, and the new one is closed", async () => {
  const { fake, running, turnTo } = openRunning();
  await turnTo(1);
  const giveUp = new AbortController();
  fake.opening = async () => giveUp.abort(new Error("enough"));
  await expect(turnTo(2, { signal: giveUp.signal })).rejects.toThrow("enough");
  expect(running.find("digits")?.release).toBe(1);
  expect(fake.events).toEqual(["opened digits 1", "opened digits 2", "closed digits 2"]);
  await expect(turnTo(3, { signal: giveUp.signal })).rejects.toThrow("enough");
});

test("changes of one model happen one after the other, those of another beside them", async () => {
  const { fake, running, turnTo } = openRunning();
  const open = Promise.withResolvers<void>();
  let waits = 0;
  fake.opening = () => {
    waits += 1;
    return open.promise;
  };
  const turning = [turnTo(1), turnTo(2), turnTo(1, { name: "other" })];
  await expect.poll(() => waits).toBe(2);
  open.resolve();
  await Promise.all(turning);
  expect(running.find("digits")?.release).toBe(2);
  expect([...running.names()].sort()).toEqual(["digits", "other"]);
});

test("a dropped model is closed and may come back", async () => {
  const { fake, running, turnTo } = openRunning();
  await turnTo(1);
  await running.drop("digits");
  await running.drop("digits");
  expect(running.find("digits")).toBeUndefined();
  expect(fake.events).toEqual(["opened digits 1", "closed digits 1"]);
  await turnTo(1);
  expect(running.find("digits")?.release).toBe(1);
});

test("ending waits for leases, closes everything once, and takes nothing new", async () => {
  const { fake, running, turnTo } = openRunning();
  await turnTo(1);
  await turnTo(1, { name: "other" });
  const held = running.lease("digits");
  const ending = running[Symbol.asyncDispose]();
  await expect(turnTo(2)).rejects.toMatchObject({ code: "draining" });
  await expect.poll(() => fake.events).toContain("closed other 1");
  expect(fake.events).not.toContain("closed digits 1");
  held?.[Symbol.dispose]();
  await Promise.all([ending, running[Symbol.asyncDispose]()]);
  expect(fake.events.filter((event) => event === "closed digits 1")).toHaveLength(1);
  expect(running.names()).toEqual([]);
});

test("ending while a model opens closes it, and says that the device shuts down", async () => {
  const { fake, running, turnTo } = openRunning();
  const open = Promise.withResolvers<void>();
  fake.opening = () => open.promise;
  const turning = expect(turnTo(1)).rejects.toMatchObject({ code: "draining" });
  await Promise.resolve();
  const ending = running[Symbol.asyncDispose]();
  open.resolve();
  await Promise.all([turning, ending]);
  expect(running.find("digits")).toBeUndefined();
  expect(fake.events.filter((event) => event.startsWith("opened"))).toHaveLength(
    fake.events.filter((event) => event.startsWith("closed")).length,
  );
});

test("a model whose sessions compute says so, of its own file, and is blamed when it can go on no more", async () => {
  const said: string[] = [];
  let breaks = (): void => {};
  const running = createRunningModels({
    ...{ workers: 1, clock: systemClock, openSession: () => Promise.reject(new Error("no engine here")) },
    onBroken: () => void said.push("the process ends"),
    atWork: {
      inHand: ({ model, sha256, phase }) => {
        said.push(`${model} ${sha256} begins, ${phase}`);
        return { [Symbol.dispose]: () => void said.push(`${model} ${sha256} ends`) };
      },
      blame: ({ model, sha256, phase }) => void said.push(`${model} ${sha256} is to blame, ${phase}`),
    },
    open: async (opened, options) => {
      breaks = () => options.onBroken?.(new TradewindError("model_unusable", "it hangs"));
      const asked = { path: opened.path, outputs: [], executionProviders: [], exactQuantized: false };
      await options.openSession?.(asked).catch(() => {});
      return await createFakeModels().open(opened, options);
    },
  });
  await running.turnTo(
    { name: "digits", version: "1", path: "x.onnx", release: 1, sha256: "abc" },
    { signal },
  );
  expect(said).toEqual(["digits abc begins, opening", "digits abc ends"]);
  breaks();
  expect(said.slice(2)).toEqual(["digits abc is to blame, answering", "the process ends"]);
});

test("each image is told with its release, until nobody listens; a listener that throws costs no answer", async () => {
  const { fake, running, turnTo, look } = openRunning();
  await turnTo(7);
  const told: Answered[] = [];
  using _ = running.onAnswer(() => {
    throw new Error("a listener that fails");
  });
  const listening = running.onAnswer((each) => told.push(each));
  expect(await look()).toBe(imageAnswer);
  expect(told).toEqual([
    { model: "digits", release: 7, failed: false, ms: expect.any(Number), detections: 1, meanScore: 0.8 },
  ]);
  fake.detect = () => Promise.reject(new TradewindError("internal", "it broke"));
  await expect(look()).rejects.toMatchObject({ code: "internal" });
  expect(told[1]).toMatchObject({ failed: true, detections: 0, meanScore: undefined });
  listening[Symbol.dispose]();
  fake.detect = () => Promise.resolve(imageAnswer);
  await look();
  expect(told).toHaveLength(2);
});
