import { expect, test } from "vitest";
import { badFile, indexOf, openScene, type Scene, soon } from "./fake-repository.ts";

const explicit = { mode: "explicit", load: "all" } as const;
const poll = { mode: "poll", everyMs: 15_000 } as const;
const none = { mode: "none" } as const;

test("without control all models are loaded at start, and loading by request is refused in words", async () => {
  const { repository } = await openScene({ "a/1": "", "a/2": "", "b/1": "" }, none);
  expect(repository.ready).toBe(true);
  expect(repository.versions("a")).toEqual(["2"]);
  await expect(repository.load("a")).rejects.toMatchObject({ code: "request_malformed" });
  await expect(repository.unload("a")).rejects.toThrow("model control is off");
  await repository.close();
});

test("a start without control fails with every model that cannot be loaded, and leaves nothing open", async () => {
  const scenes: Omit<Scene, "repository">[] = [];
  const failing = openScene({ "a/1": "", "b/1": "", "c/3": "" }, none, (scene) => {
    scenes.push(scene);
    scene.engine.failing.set("a/1", badFile).set("c/3", badFile);
  });
  await expect(failing).rejects.toThrow(
    "model 'a' could not be loaded: version 1: the file is broken\nmodel 'c' could not be loaded: version 3",
  );
  expect(scenes[0]?.engine.opened.map(({ closed }) => closed)).toEqual([true]);
  expect(scenes[0]?.source.held).toEqual([]);
});

test("a repository without models is refused unless models may still come", async () => {
  await expect(openScene({}, none)).rejects.toMatchObject({ code: "model_unusable" });
  const scene = await openScene({}, explicit);
  expect(scene.repository.ready).toBe(true);
  await scene.repository.close();
});

test("explicit control starts with the models it is given, and refuses one that is not there", async () => {
  const scene = await openScene({ "a/1": "", "b/1": "" }, { mode: "explicit", load: ["b"] });
  expect(await indexOf(scene)).toEqual(["a:1 UNAVAILABLE", "b:1 READY"]);
  await scene.repository.close();
  await expect(openScene({ "a/1": "" }, { mode: "explicit", load: ["z"] })).rejects.toMatchObject({
    code: "model_unknown",
  });
});

test("a lease names the version it got, and without one asked for that is the highest by number", async () => {
  const { repository, source } = await openScene({ "a/9": "", "a/10": "" }, explicit, ({ source }) => {
    source.yaml.set("a", "version_policy: { all: {} }");
  });
  using lease = repository.lease("a");
  expect(lease.version).toBe("10");
  using ninth = repository.lease("a", "9");
  expect(ninth.loaded.request).toMatchObject({
    name: "a",
    version: "9",
    path: expect.stringContaining("/a/9"),
  });
  source.files.delete("a/10");
  await repository.load("a");
  using highest = repository.lease("a");
  expect(highest.version).toBe("9");
});

test("what is unknown and what is only not loaded are two errors", async () => {
  const { repository } = await openScene(
    { "a/1": "", "a/2": "", "b/1": "" },
    { mode: "explicit", load: ["a"] },
  );
  const refusal = (name: string, version?: string) => () => repository.lease(name, version);
  expect(refusal("z")).toThrow(
    expect.objectContaining({ code: "model_unknown", message: "there is no model 'z'" }),
  );
  expect(refusal("a", "7")).toThrow(expect.objectContaining({ code: "model_unknown" }));
  expect(refusal("a", "1")).toThrow(expect.objectContaining({ code: "model_not_ready" }));
  expect(refusal("b")).toThrow(expect.objectContaining({ code: "model_not_ready" }));
  expect(refusal("\u001b[2J".repeat(100))).toThrow(/^there is no model '\?\[2J.{1,80}'$/);
  await repository.close();
});

test("loading and unloading an unknown model is refused, whatever its name looks like", async () => {
  const { repository } = await openScene({ "a/1": "" }, explicit);
  for (const name of ["z", "../etc", "", "a/1", "x".repeat(10_000)]) {
    await expect(repository.load(name)).rejects.toMatchObject({ code: "model_unknown" });
    await expect(repository.unload(name)).rejects.toMatchObject({ code: "model_unknown" });
  }
  await repository.close();
});

test("a model that came into the source after the start can be loaded, and the index finds it after a second", async () => {
  const scene = await openScene({ "a/1": "" }, explicit);
  const { repository, source, clock } = scene;
  source.files.set("b/1", "").set("c/1", "");
  await repository.load("c");
  expect(await indexOf(scene)).toEqual(["a:1 READY", "c:1 READY"]);
  clock.advance(1_000);
  expect(await indexOf(scene)).toEqual(["a:1 READY", "b:1 UNAVAILABLE", "c:1 READY"]);
  await repository.close();
});

test("index asks a source that is down once, and answers with what it knows", async () => {
  const scene = await openScene({ "a/1": "" }, explicit);
  scene.clock.advance(1_000);
  scene.source.down = new Error("no network");
  const looks = scene.source.looks;
  expect(await Promise.all([indexOf(scene), indexOf(scene)])).toEqual([["a:1 READY"], ["a:1 READY"]]);
  expect(scene.source.looks).toBe(looks + 1);
  await scene.repository.close();
});

test("unload leaves the model known, with its reason, and load brings it back", async () => {
  const scene = await openScene({ "a/1": "" }, explicit);
  const { repository, source } = scene;
  await repository.unload("a");
  await soon(async () => {
    expect(await repository.index()).toEqual([
      { name: "a", version: "1", state: "UNAVAILABLE", reason: "unloaded" },
    ]);
  });
  expect(source.held).toEqual([]);
  expect(repository.ready).toBe(true);
  await repository.unload("a");
  await repository.load("a");
  expect(await indexOf(scene)).toEqual(["a:1 READY"]);
  await repository.close();
});

test("load of what has not changed opens nothing", async () => {
  const { repository, engine } = await openScene({ "a/1": "" }, explicit);
  await repository.load("a");
  expect(engine.opened).toHaveLength(1);
  await repository.close();
});

test("load opens a model anew whose engine broke", async () => {
  const { repository, engine } = await openScene({ "a/1": "" }, explicit);
  const [first] = engine.opened;
  if (first) first.ready = false;
  expect(repository.ready).toBe(false);
  await repository.load("a");
  expect(repository.ready).toBe(true);
  expect(engine.opened.map(({ closed }) => closed)).toEqual([true, false]);
  await repository.close();
});

test("a load may bring settings, which hold until the next load without any", async () => {
  const scene = await openScene({ "a/1": "", "a/2": "" }, explicit);
  const { repository, engine } = scene;
  await repository.load("a", { config: '{"version_policy": {"specific": {"versions": ["1"]}}}' });
  expect(repository.versions("a")).toEqual(["1"]);
  await repository.load("a", { config: '{"max_batch_size": 4, "dynamic_batching": {}}' });
  expect(engine.opened.at(-1)?.request.settings.batching.maxBatchSize).toBe(4);
  await repository.load("a");
  expect(repository.versions("a")).toEqual(["2"]);
  expect(engine.opened.at(-1)?.request.settings.batching.maxBatchSize).toBe(0);
  await repository.close();
});

test("settings that a load cannot use are the caller's fault and change nothing", async () => {
  const { repository } = await openScene({ "a/1": "" }, explicit);
  await expect(repository.load("a", { config: '{"max_batch": 4}' })).rejects.toMatchObject({
    code: "request_malformed",
    message: expect.stringContaining('unknown key "max_batch"; version 1 is served as before'),
  });
  expect(await repository.index()).toEqual([{ name: "a", version: "1", state: "READY", reason: undefined }]);
  await repository.close();
});

test("a load that brings files is refused", async () => {
  const { repository } = await openScene({ "a/1": "" }, explicit);
  await expect(repository.load("a", { files: ["file:1/model.onnx"] })).rejects.toMatchObject({
    code: "request_malformed",
  });
  await repository.close();
});

test("a model.yaml with a mistake keeps the model out, and the index shows the line", async () => {
  const scene = await openScene({ "a/1": "" }, { mode: "explicit", load: [] }, ({ source }) => {
    source.yaml.set("a", "\nmax_batch_size: many");
  });
  const { repository, source, events } = scene;
  await expect(repository.load("a")).rejects.toMatchObject({ code: "config_invalid" });
  const [entry] = await repository.index();
  expect(entry).toMatchObject({ state: "UNAVAILABLE", reason: expect.stringContaining("a/model.yaml:2:1") });
  expect(events).toMatchObject([{ name: "a", state: "UNAVAILABLE" }]);
  source.yaml.set("a", "max_batch_size: 2");
  await repository.load("a");
  expect(await indexOf(scene)).toEqual(["a:1 READY"]);
  await repository.close();
});

test("a model that a caller could not load does not make the process unready, one it is to start with does", async () => {
  const bad = ({ engine }: { engine: { failing: Map<string, Error> } }) => engine.failing.set("b/1", badFile);
  const scene = await openScene({ "a/1": "", "b/1": "" }, { mode: "explicit", load: ["a"] }, bad);
  await expect(scene.repository.load("b")).rejects.toThrow("the file is broken");
  expect(scene.repository.ready).toBe(true);
  await scene.repository.close();
  const polled = await openScene({ "a/1": "", "b/1": "" }, poll, bad);
  expect(polled.repository.ready).toBe(false);
  expect(await indexOf(polled)).toEqual(["a:1 READY", "b:1 UNAVAILABLE"]);
  await polled.repository.close();
});

test("one model opens at a time unless more is allowed", async () => {
  const models = { "a/1": "", "b/1": "", "c/1": "" };
  const one = await openScene(models, explicit);
  expect(one.engine.mostOpening).toBe(1);
  await one.repository.close();
  const two = await openScene(models, explicit, () => {}, { opensAtOnce: 2 });
  expect(two.engine.mostOpening).toBe(2);
  await two.repository.close();
});

test("a version that its policy names and that is not there is told, and takes nothing away", async () => {
  const scene = await openScene({ "a/1": "", "a/3": "" }, { mode: "explicit", load: [] }, ({ source }) => {
    source.yaml.set("a", "version_policy: { specific: { versions: [1] } }");
  });
  const { repository, source } = scene;
  await repository.load("a");
  source.yaml.set("a", "version_policy: { specific: { versions: [3, 7] } }");
  await expect(repository.load("a")).rejects.toThrow("version 7: version_policy names it");
  expect(await indexOf(scene)).toEqual(["a:1 READY", "a:3 READY", "a:7 UNAVAILABLE"]);
  source.yaml.set("a", "version_policy: { specific: { versions: [3] } }");
  await repository.load("a");
  expect(repository.versions("a")).toEqual(["3"]);
  await repository.close();
});

test("where versions are pinned, one without a pin is refused before it is fetched", async () => {
  const { repository, source } = await openScene(
    { "a/1": "" },
    { mode: "explicit", load: [] },
    ({ source }) => {
      source.yaml.set("a", `sha256: { "1": "${"0".repeat(64)}" }`);
    },
  );
  await repository.load("a");
  source.files.set("a/2", "");
  await expect(repository.load("a")).rejects.toMatchObject({
    code: "model_unusable",
    message: expect.stringContaining("no entry for version 2; version 1 is served as before"),
  });
  expect(source.held).toEqual(["a/1"]);
  await repository.close();
});
