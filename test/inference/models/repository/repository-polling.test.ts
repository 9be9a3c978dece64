import { expect, test } from "vitest";
import { TradewindError } from "#infra/runtime/errors.ts";
import { badFile, indexOf, openScene, soon } from "./fake-repository.ts";

const poll = { mode: "poll", everyMs: 15_000 } as const;

test("polling picks up a new version, a changed file, changed settings, a new model and one that is gone", async () => {
  const scene = await openScene({ "a/1": "one", "b/1": "" }, poll);
  const { repository, source, clock, engine } = scene;
  const see = async (...expected: string[]) => {
    clock.advance(15_000);
    await soon(async () => expect(await indexOf(scene)).toEqual(expected));
  };
  source.files.set("a/2", "");
  await see("a:1 UNAVAILABLE", "a:2 READY", "b:1 READY");
  source.files.delete("b/1");
  source.files.set("c/1", "");
  await see("a:1 UNAVAILABLE", "a:2 READY", "c:1 READY");
  source.yaml.set("a", "version_policy: { all: {} }");
  await see("a:1 READY", "a:2 READY", "c:1 READY");
  source.files.set("a/1", "changed");
  const before = engine.opened.length;
  clock.advance(15_000);
  await soon(() => expect(engine.opened).toHaveLength(before + 1));
  await expect(repository.load("a")).rejects.toThrow("the model repository is polled");
  await repository.close();
  expect(engine.opened.every(({ closed }) => closed)).toBe(true);
});

test("a bad new version never replaces a good one, and is not tried again before it changes", async () => {
  const scene = await openScene({ "a/1": "" }, poll);
  const { repository, source, clock, engine, events } = scene;
  engine.failing.set("a/2", badFile);
  source.files.set("a/2", "bad");
  const pass = async () => {
    const looks = source.looks;
    clock.advance(15_000);
    await soon(() => expect(source.looks).toBe(looks + 1));
  };
  await pass();
  await soon(() => expect(events.at(-1)).toMatchObject({ version: "2", reason: "the file is broken" }));
  const told = events.length;
  await pass();
  await pass();
  expect(events).toHaveLength(told);
  expect(repository.ready).toBe(true);
  expect(repository.versions("a")).toEqual(["1"]);
  engine.failing.clear();
  source.files.set("a/2", "good");
  await pass();
  await soon(async () => expect(await indexOf(scene)).toEqual(["a:1 UNAVAILABLE", "a:2 READY"]));
  await repository.close();
});

test("a version that failed for a passing reason is tried again at the next look", async () => {
  const scene = await openScene({ "a/1": "" }, poll);
  const { source, clock, engine, events, repository } = scene;
  engine.failing.set("a/2", new TradewindError("overloaded", "no room just now"));
  source.files.set("a/2", "");
  clock.advance(15_000);
  await soon(() => expect(events.at(-1)).toMatchObject({ version: "2", state: "UNAVAILABLE" }));
  engine.failing.clear();
  await soon(() => {
    clock.advance(15_000);
    expect(repository.versions("a")).toEqual(["2"]);
  });
  await repository.close();
});

test("polling outlives a source that is down for a while", async () => {
  const { source, clock, repository } = await openScene({ "a/1": "" }, poll);
  source.down = new Error("no network");
  const looks = source.looks;
  clock.advance(15_000);
  await soon(() => expect(source.looks).toBe(looks + 1));
  expect(repository.versions("a")).toEqual(["1"]);
  source.down = undefined;
  source.files.set("a/2", "");
  await soon(() => {
    clock.advance(15_000);
    expect(repository.versions("a")).toEqual(["2"]);
  });
  await repository.close();
});

test("a problem that stays is told once, however often the source is looked at", async () => {
  const { source, clock, events, repository } = await openScene(
    { "a/1": "", "b/1": "" },
    poll,
    ({ source }) => {
      source.yaml.set("a", "version_policy: { specific: { versions: [1, 7] } }");
      source.yaml.set("b", "oops: 1");
    },
  );
  const told = events.length;
  expect(events.map(({ name, version, state }) => `${name}:${version} ${state}`).sort()).toEqual([
    "a:1 LOADING",
    "a:1 READY",
    "a:7 UNAVAILABLE",
    "b:undefined UNAVAILABLE",
  ]);
  for (let pass = 0; pass < 3; pass += 1) {
    const looks = source.looks;
    clock.advance(15_000);
    await soon(() => expect(source.looks).toBe(looks + 1));
  }
  expect(events).toHaveLength(told);
  await repository.close();
});
