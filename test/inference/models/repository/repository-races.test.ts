import { expect, test } from "vitest";
import { badFile, indexOf, openScene, soon } from "./fake-repository.ts";

const explicit = { mode: "explicit", load: "all" } as const;

test("a model that is unloaded while leased is closed when the last lease is released, and not before", async () => {
  const scene = await openScene({ "a/1": "" }, explicit);
  const { repository, source } = scene;
  const [one, two] = [repository.lease("a"), repository.lease("a")];
  await repository.unload("a");
  expect(await indexOf(scene)).toEqual(["a:1 UNLOADING"]);
  expect(() => repository.lease("a")).toThrow("model 'a' is not loaded");
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  expect(await indexOf(scene)).toEqual(["a:1 UNLOADING"]);
  expect(two.loaded.closed).toBe(false);
  expect(source.held).toEqual(["a/1"]);
  two[Symbol.dispose]();
  await soon(() => expect(two.loaded.closed).toBe(true));
  await soon(async () => expect(await indexOf(scene)).toEqual(["a:1 UNAVAILABLE"]));
  expect(source.held).toEqual([]);
  await repository.close();
});

test("a reload serves from the old until the new is open, and closes the old when nobody has it", async () => {
  const { repository, source, engine } = await openScene({ "a/1": "old" }, explicit);
  const gate = Promise.withResolvers<void>();
  engine.gate = gate.promise;
  source.files.set("a/1", "new");
  const before = repository.lease("a");
  const loading = repository.load("a");
  await soon(() => expect(engine.opening).toBe(1));
  const meanwhile = repository.lease("a");
  expect(meanwhile.loaded).toBe(before.loaded);
  expect(repository.ready).toBe(true);
  gate.resolve();
  await loading;
  using after = repository.lease("a");
  expect(after.loaded).not.toBe(before.loaded);
  meanwhile[Symbol.dispose]();
  expect(before.loaded.closed).toBe(false);
  before[Symbol.dispose]();
  await soon(() => expect(before.loaded.closed).toBe(true));
  expect(after.loaded.closed).toBe(false);
});

test("a new version is in service before the one it replaces leaves", async () => {
  const { repository, source, events } = await openScene({ "a/1": "" }, explicit);
  source.files.set("a/2", "");
  await repository.load("a");
  await soon(() => expect(events).toHaveLength(6));
  expect(events.map(({ version, state }) => `${version} ${state}`)).toEqual([
    "1 LOADING",
    "1 READY",
    "2 LOADING",
    "2 READY",
    "1 UNLOADING",
    "1 UNAVAILABLE",
  ]);
  await repository.close();
});

test("a reload that fails keeps the old one and says so", async () => {
  const { repository, source, engine } = await openScene({ "a/1": "old" }, explicit);
  engine.failing.set("a/1", badFile);
  source.files.set("a/1", "new");
  await expect(repository.load("a")).rejects.toMatchObject({
    code: "model_unusable",
    message: "model 'a' could not be loaded: version 1: the file is broken; version 1 is served as before",
  });
  using lease = repository.lease("a");
  expect(lease.loaded.closed).toBe(false);
  expect(await repository.index()).toEqual([
    {
      name: "a",
      version: "1",
      state: "READY",
      reason: "served as it was, the change failed: the file is broken",
    },
  ]);
  engine.failing.clear();
  await repository.load("a");
  expect((await repository.index())[0]?.reason).toBeUndefined();
  expect(source.held).toEqual(["a/1", "a/1"]);
});

test("an error that is none of ours tells callers nothing of itself", async () => {
  const { repository, engine } = await openScene({ "a/1": "" }, { mode: "explicit", load: [] });
  engine.failing.set("a/1", new Error("secret of a library"));
  await expect(repository.load("a")).rejects.toMatchObject({
    code: "internal",
    message: expect.not.stringContaining("secret"),
  });
  expect(JSON.stringify(await repository.index())).not.toContain("secret");
  await repository.close();
});

test("what is done to one model is done in turns, and a load that waits is everybody's", async () => {
  const scene = await openScene({ "a/1": "" }, explicit);
  const { repository, engine } = scene;
  const gate = Promise.withResolvers<void>();
  engine.gate = gate.promise;
  await repository.unload("a");
  const first = repository.load("a");
  await soon(() => expect(engine.opening).toBe(1));
  const rest = [
    repository.unload("a"),
    repository.load("a"),
    repository.load("a"),
    repository.load("a"),
    repository.unload("a"),
    repository.load("a"),
  ];
  gate.resolve();
  await Promise.all([first, ...rest]);
  expect(await indexOf(scene)).toEqual(["a:1 READY"]);
  expect(engine.opened).toHaveLength(4);
  await repository.close();
});

test("callers who contradict each other faster than models load are sent away", async () => {
  const { repository, engine } = await openScene({ "a/1": "" }, { mode: "explicit", load: [] });
  const gate = Promise.withResolvers<void>();
  engine.gate = gate.promise;
  const calls = Array.from({ length: 40 }, (_, turn) =>
    turn % 2 === 0 ? repository.load("a") : repository.unload("a"),
  );
  const settled = Promise.allSettled(calls);
  await soon(() => expect(engine.opening).toBe(1));
  gate.resolve();
  const refused = (await settled).flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  // One runs, sixteen wait, and each further load is the one that waits already.
  expect(refused).toHaveLength(12);
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["overloaded"]));
  await repository.close();
});

test("close gives up what is loading, waits for leases, and may be called twice", async () => {
  const { repository, engine, source } = await openScene(
    { "a/1": "", "b/1": "" },
    { mode: "explicit", load: ["a"] },
  );
  const lease = repository.lease("a");
  const gate = Promise.withResolvers<void>();
  engine.gate = gate.promise;
  const loading = repository.load("b");
  const refused = expect(loading).rejects.toMatchObject({ code: "draining" });
  await soon(() => expect(engine.opening).toBe(1));
  let isClosed = false;
  const closing = Promise.all([repository.close(), repository.close()]).then(() => {
    isClosed = true;
  });
  expect(() => repository.lease("a")).toThrow(expect.objectContaining({ code: "draining" }));
  await expect(repository.load("b")).rejects.toMatchObject({ code: "draining" });
  expect(repository.ready).toBe(false);
  gate.resolve();
  await refused;
  expect([isClosed, lease.loaded.closed]).toEqual([false, false]);
  lease[Symbol.dispose]();
  await closing;
  expect(engine.opened.map(({ closed }) => closed)).toEqual([true, true]);
  expect(source.held).toEqual([]);
});

test("close does not resolve while something is still being opened", async () => {
  const { repository, engine, source } = await openScene({ "a/1": "" }, { mode: "explicit", load: [] });
  const gate = Promise.withResolvers<void>();
  engine.gate = gate.promise;
  const refused = expect(repository.load("a")).rejects.toMatchObject({ code: "draining" });
  await soon(() => expect(engine.opening).toBe(1));
  const closing = repository.close().then(() => ({ opening: engine.opening, opened: [...engine.opened] }));
  await new Promise((resolve) => setImmediate(resolve));
  gate.resolve();
  const { opening, opened } = await closing;
  expect(opening).toBe(0);
  expect(opened.map(({ closed }) => closed)).toEqual([true]);
  expect(source.held).toEqual([]);
  await refused;
});

test("a signal that ends the process ends a start, and nothing stays open", async () => {
  const ending = new AbortController();
  const gate = Promise.withResolvers<void>();
  const scenes: { opened: readonly { closed: boolean }[]; held: readonly string[] }[] = [];
  const opening = openScene(
    { "a/1": "", "b/1": "" },
    explicit,
    ({ engine, source }) => {
      engine.gate = gate.promise;
      scenes.push({ opened: engine.opened, held: source.held });
    },
    { signal: ending.signal },
  );
  const refused = expect(opening).rejects.toThrow("the process ends");
  ending.abort(new Error("the process ends"));
  gate.resolve();
  await refused;
  expect(scenes[0]?.opened.every(({ closed }) => closed)).toBe(true);
  expect(scenes[0]?.held).toEqual([]);
});

test("a model that cannot be closed is out of service all the same, and its files are let go", async () => {
  const scene = await openScene({ "a/1": "" }, explicit);
  const { repository, source, engine } = scene;
  const [model] = engine.opened;
  if (model) model.closed = true;
  await repository.unload("a");
  await soon(async () => expect(await indexOf(scene)).toEqual(["a:1 UNAVAILABLE"]));
  expect(source.held).toEqual([]);
  await repository.close();
});

test("a model whose files are gone serves until it is unloaded, and is unknown from then on", async () => {
  const scene = await openScene({ "a/1": "" }, explicit);
  const { repository, source } = scene;
  source.files.clear();
  await expect(repository.load("a")).rejects.toMatchObject({ code: "model_unknown" });
  expect(await indexOf(scene)).toEqual(["a:1 READY"]);
  repository.lease("a")[Symbol.dispose]();
  await repository.unload("a");
  await soon(async () => expect(await indexOf(scene)).toEqual([]));
  expect(() => repository.lease("a")).toThrow(expect.objectContaining({ code: "model_unknown" }));
  await repository.close();
});
