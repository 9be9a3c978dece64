import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { ModelListing } from "#inference/models/repository/model-source.ts";
import { openRepository } from "#inference/models/repository/open-repository.ts";
import {
  openUpstreamSource,
  type UpstreamSourceOptions,
} from "#inference/models/upstream/upstream-source.ts";
import type { PassedOver } from "#inference/models/upstream.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { startFakeTensorServer, type TensorServer } from "#test/support/fake-tensor-server.ts";
import { freePort } from "#test/support/free-port.ts";

const { signal } = new AbortController();

/** A server whose paths answer differently while a test says so. */
async function startChanging(answers: Record<string, unknown> = {}) {
  const instead = (path: string) => {
    const end = Object.keys(answers).find((one) => path.endsWith(one));
    if (end === undefined) return undefined;
    const body = answers[end];
    return typeof body === "number" ? { status: body, body: { error: "no" } } : { body };
  };
  return { upstream: await startFakeTensorServer({ instead }), answers };
}

function open({ url }: Pick<TensorServer, "url">, options: Partial<UpstreamSourceOptions> = {}) {
  const standard = { url, models: undefined, settings: undefined, clock: systemClock, patienceMs: 0 };
  return openUpstreamSource({ ...standard, ...options });
}

function only(listings: readonly ModelListing[]): ModelListing {
  const [listing, ...more] = listings;
  if (!listing || more.length > 0) throw new Error(`expected one listing, there are ${listings.length}`);
  return listing;
}

const entry = (name: string) => ({ name, version: "2", state: "READY" });

test("an upstream's model is listed at its version, with a stamp that changes with what is said of it", async () => {
  const { upstream, answers } = await startChanging();
  await using _ = upstream;
  const source = await open(upstream);
  const first = only(await source.list({ signal }));
  expect(first).toEqual({
    name: "colours",
    versions: [{ version: "2", stamp: expect.stringMatching(/^[0-9a-f]{32}$/), files: [] }],
    settings: undefined,
  });
  expect(only(await source.list({ signal }))).toEqual(first);
  answers["/config"] = { max_batch_size: 3 };
  const changed = only(await source.list({ signal }));
  expect(changed.versions[0]?.stamp).not.toBe(first.versions[0]?.stamp);
  await expect(source.readSettings(first, { signal })).rejects.toMatchObject({ code: "config_invalid" });
});

test("a model is fetched as it was listed, and never while it changes or is pinned", async () => {
  await using upstream = await startFakeTensorServer();
  const source = await open(upstream);
  const [version = { version: "", stamp: "", files: [] }] = only(await source.list({ signal })).versions;
  const fetching = { pins: undefined, signal };
  await using held = await source.fetch("colours", version, fetching);
  const path = `${upstream.url}/v2/models/colours/versions/2`;
  expect(held.file).toEqual({ name: "colours", version: "2", path });
  expect(source.fetched("colours")).toMatchObject({ pathName: "colours", pathVersion: "2" });
  const older = { ...version, stamp: "older" };
  await expect(source.fetch("colours", older, fetching)).rejects.toMatchObject({ code: "model_not_ready" });
  await expect(source.fetch("others", version, fetching)).rejects.toMatchObject({ code: "model_not_ready" });
  const pinned = source.fetch("colours", version, { pins: { "model.onnx": "00" }, signal });
  await expect(pinned).rejects.toMatchObject({ code: "model_unusable" });
});

test("models that were named must all be there at first, and later each is looked at by itself", async () => {
  const { upstream, answers } = await startChanging({ "/models/others": 404 });
  await using _ = upstream;
  const strict = await open(upstream, { models: ["colours", "others"] });
  await expect(strict.list({ signal })).rejects.toMatchObject({ code: "model_unknown" });
  const tensors = [{ name: "x", datatype: "FP32", shape: [-1] }];
  answers["/models/others"] = { inputs: tensors, outputs: tensors };
  answers["/others/ready"] = {};
  expect((await strict.list({ signal })).map(({ name }) => name)).toEqual(["colours", "others"]);
  answers["/models/others"] = 404;
  expect(await strict.list({ signal })).toMatchObject([
    { name: "colours", versions: [{ version: "2" }] },
    { name: "others", versions: [], problem: "the upstream server does not have model others" },
  ]);
});

test("what cannot be served is told of when it changes, and left out unless it is in use", async () => {
  const tensors = [{ name: "x", datatype: "FP32", shape: [-1] }];
  const { upstream, answers } = await startChanging({
    "/index": [entry("colours"), entry("gone"), entry("others")],
    "/models/others": { inputs: tensors, outputs: tensors },
    "/others/ready": {},
  });
  await using _ = upstream;
  const told: string[][] = [];
  const onPassedOver = (models: readonly PassedOver[]) => told.push(models.map(({ name }) => name));
  const source = await open(upstream, { onPassedOver });
  const [colours, ...rest] = await source.list({ signal });
  expect([colours?.name, rest.length]).toEqual(["colours", 1]);
  await source.list({ signal });
  expect(told).toEqual([["gone"]]);
  const [version = { version: "", stamp: "", files: [] }] = colours?.versions ?? [];
  const held = await source.fetch("colours", version, { pins: undefined, signal });
  answers["/versions/2/ready"] = 400;
  expect(await source.list({ signal })).toMatchObject([
    { name: "others", versions: [{ version: "1" }] },
    { name: "colours", versions: [], problem: "the upstream server says that model colours is not ready" },
  ]);
  await held[Symbol.asyncDispose]();
  await held[Symbol.asyncDispose]();
  expect(only(await source.list({ signal })).name).toBe("others");
  expect(told).toEqual([["gone"], ["colours", "gone"]]);
});

test("a single model is looked for by its name alone", async () => {
  const image = [{ name: "image", datatype: "BYTES", shape: [-1] }];
  const tensors = [{ name: "x", datatype: "FP32", shape: [-1] }];
  const { upstream } = await startChanging({
    "/models/shop": { inputs: image, outputs: [] },
    "/shop/ready": {},
    "/models/shop-tensor": { inputs: tensors, outputs: tensors },
    "/shop-tensor/ready": {},
  });
  await using _ = upstream;
  const source = await open(upstream);
  const names = async (model: string) => (await source.list({ signal, model })).map(({ name }) => name);
  expect(await names("colours")).toEqual(["colours"]);
  expect(await names("shop")).toEqual(["shop"]);
  // It is there already, behind the images.
  expect(await names("shop-tensor")).toEqual([]);
  expect(await names("colours-tensor")).toEqual([]);
  expect(await names("../colours")).toEqual([]);
  const named = await open(upstream, { models: ["shop-tensor"] });
  expect(await named.list({ signal, model: "colours" })).toEqual([]);
  expect(only(await named.list({ signal, model: "shop-tensor" })).name).toBe("shop-tensor");
});

test("an upstream that is away is no upstream without models", async () => {
  const upstream = await startFakeTensorServer();
  const source = await open(upstream);
  expect(await source.list({ signal })).toHaveLength(1);
  await upstream[Symbol.asyncDispose]();
  for (const model of [{}, { model: "colours" }])
    await expect(source.list({ signal, ...model })).rejects.toMatchObject({ code: "backend_unreachable" });
});

test("what stands beside a model of an upstream is read from a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "model-settings-"));
  try {
    await mkdir(join(folder, "colours"));
    await using upstream = await startFakeTensorServer();
    const source = await open(upstream, { settings: folder });
    const before = only(await source.list({ signal }));
    await writeFile(join(folder, "colours", "model.yaml"), "task: detect\n");
    const after = only(await source.list({ signal }));
    expect([before.settings, after.settings]).toEqual([undefined, expect.any(String)]);
    const text = { text: "task: detect\n", file: "colours/model.yaml" };
    expect(await source.readSettings(after, { signal })).toEqual(text);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a folder of model settings that is not there is refused before anybody is asked", async () => {
  const source = open({ url: `http://127.0.0.1:${await freePort()}` }, { settings: "/nowhere/at/all" });
  await expect(source).rejects.toMatchObject({
    code: "folder_unusable",
    message: "the folder of model settings /nowhere/at/all cannot be read",
  });
});

test("a repository over an upstream follows its versions, and keeps what it has while it is away", async () => {
  const { upstream, answers } = await startChanging();
  const clock = createFakeClock();
  const source = await open(upstream);
  const closed: string[] = [];
  await using repository = await openRepository({
    ...{ source, clock, signal, control: { mode: "poll", everyMs: 15_000 } },
    open: async ({ version }) => ({ close: async () => void closed.push(version) }),
  });
  expect(repository.versions("colours")).toEqual(["2"]);
  const tensors = [{ name: "x", datatype: "FP32", shape: [-1] }];
  answers["/models/colours"] = { versions: ["3"], inputs: tensors, outputs: tensors };
  answers["/versions/3"] = answers["/models/colours"];
  answers["/versions/3/ready"] = {};
  await vi.waitFor(() => {
    clock.advance(15_000);
    expect(repository.versions("colours")).toEqual(["3"]);
  });
  await vi.waitFor(() => expect(closed).toEqual(["2"]));
  await upstream[Symbol.asyncDispose]();
  clock.advance(15_000);
  await expect(source.list({ signal })).rejects.toMatchObject({ code: "backend_unreachable" });
  expect(repository.versions("colours")).toEqual(["3"]);
});
