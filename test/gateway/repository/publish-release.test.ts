import { expect, test } from "vitest";
import { openFamily, writeFamily } from "#gateway/repository/change-family.ts";
import { freshen } from "#gateway/repository/freshen.ts";
import { knownReleases } from "#gateway/repository/known-releases.ts";
import { publishRelease, type Release } from "#gateway/repository/publish-release.ts";
import { readVerified } from "#gateway/repository/read-verified.ts";
import { revokeReleases } from "#gateway/repository/revoke-releases.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import { createMemoryBlobs } from "#test/support/memory-blobs.ts";
import { artefact, foundRepository, model, publishOne } from "#test/support/signed-repository.ts";

const signal = new AbortController().signal;

async function found() {
  const repository = await foundRepository(createMemoryBlobs());
  const publish = (ask: Partial<Release> & Pick<Release, "version">) =>
    publishRelease(repository.repository, {
      ...{ model, artefacts: [artefact(`model ${ask.version}`)], keys: [repository.keys.family], signal },
      ...ask,
    });
  return { ...repository, publish };
}

test("a release is published with its golden answers and its blocks, artefacts before the list", async () => {
  const { publish, store } = await found();
  const before = store.written.length;
  const { release, files, list } = await publish({ version: "1.0.0" });
  expect({ release, list }).toEqual({ release: 1, list: { key: `metadata/2.${model}.json`, version: 2 } });
  const written = store.written.slice(before);
  expect(written.at(-1)).toBe(`metadata/2.${model}.json`);
  expect(written.slice(0, 3)).toEqual(files.map(({ address }) => address));
  expect(files.map(({ address }) => address.replace(/[0-9a-f]{64}/, "HASH"))).toEqual([
    `targets/${model}/1/any/HASH.golden.json`,
    `targets/${model}/1/any/HASH.blocks`,
    `targets/${model}/1/any/HASH.model.onnx`,
  ]);
});

test("the same release again is no news, also where the golden answers came out otherwise", async () => {
  const { publish, store } = await found();
  await publish({ version: "1.0.0" });
  const before = store.written.length;
  const again = { ...artefact("model 1.0.0"), golden: new Uint8Array([1]) };
  expect(await publish({ version: "1.0.0", artefacts: [again] })).toEqual({
    release: 1,
    files: [],
    list: undefined,
  });
  expect(store.written.length).toBe(before);
});

test("a file for another processor joins a release that is there", async () => {
  const { publish, repository, keys } = await found();
  await publish({ version: "1.0.0" });
  expect(await publish({ version: "1.0.0", artefacts: [artefact("small", "arm64")] })).toMatchObject({
    release: 1,
  });
  await freshen(repository, [keys.online], { signal });
  const { families } = await readVerified(repository, { signal });
  expect(families[0]?.contents.models.map(({ about }) => about.target)).toEqual(["any", "arm64"]);
});

test.each<[string, Partial<Release> & Pick<Release, "version">, string]>([
  [
    "another file under a release that is there",
    { version: "1.0.0", artefacts: [artefact("other")] },
    "record_exists",
  ],
  ["a version that is another release", { version: "1.0.0", release: 7 }, "record_exists"],
  ["a release that is not above all before it", { version: "1.1.0", release: 1 }, "record_exists"],
  ["a key that is not the family's", { version: "1.1.0", keys: [makeKey()] }, "signing_refused"],
  ["a family that is not there", { version: "1.1.0", model: "faces" }, "model_unknown"],
  ["a family that cannot be", { version: "1.1.0", model: "../x" }, "parameter_invalid"],
  ["no file", { version: "1.1.0", artefacts: [] }, "parameter_invalid"],
  [
    "two files for one target",
    { version: "1.1.0", artefacts: [artefact("a"), artefact("b")] },
    "parameter_invalid",
  ],
])("a release with %s is refused, and no list is written", async (_, ask, code) => {
  const { publish, store } = await found();
  await publish({ version: "1.0.0" });
  const before = store.written.filter((key) => key.startsWith("metadata/")).length;
  await expect(publish(ask)).rejects.toMatchObject({ code });
  expect(store.written.filter((key) => key.startsWith("metadata/")).length).toBe(before);
});

test("of two who publish at the same time the later one is told, and does it again", async () => {
  const { publish, repository, keys, store } = await found();
  let isFirst = true;
  const slow = createMemoryBlobs({
    blobs: store.blobs,
    beforeWrite: async (key) => {
      if (!isFirst || !key.startsWith("targets/")) return;
      isFirst = false;
      await publish({ version: "1.0.0" });
    },
  });
  const ask = { model, artefacts: [artefact("late")], keys: [keys.family], signal };
  const late = publishRelease({ ...repository, store: slow }, { ...ask, version: "1.1.0" });
  await expect(late).rejects.toMatchObject({ code: "record_exists" });
  expect(await publish({ version: "1.1.0" })).toMatchObject({ release: 2 });
});

test("what was revoked is told to plans, cannot be published again, and revoking it again is no news", async () => {
  const everything = await found();
  const { publish, repository, keys } = everything;
  await publish({ version: "1.0.0" });
  await publishOne(everything, "1.1.0");
  const ask = { model, keys: [keys.family], signal };
  await revokeReleases(repository, { ...ask, what: { release: 1 } });
  expect(await revokeReleases(repository, { ...ask, what: { release: 1 } })).toMatchObject({
    list: undefined,
  });
  await freshen(repository, [keys.online], { signal });
  expect(knownReleases(await readVerified(repository, { signal }))).toEqual([
    { model, release: 1, revoked: true },
    { model, release: 2, revoked: false },
  ]);
  const again = publish({ version: "2.0.0", artefacts: [artefact("model 1.0.0")] });
  await expect(again).rejects.toMatchObject({ code: "signing_refused" });
});

test("all releases below a number are revoked at once, and the next one is not below it", async () => {
  const { publish, repository, keys } = await found();
  await publish({ version: "1.0.0" });
  const ask = { model, keys: [keys.family], signal };
  expect(await revokeReleases(repository, { ...ask, what: { below: 5 } })).toMatchObject({
    revocations: { below: 5 },
  });
  expect(await revokeReleases(repository, { ...ask, what: { below: 4 } })).toMatchObject({ list: undefined });
  expect(await publish({ version: "1.1.0" })).toMatchObject({ release: 5 });
});

test("a number so high that no release could follow is not revoked below", async () => {
  const { publish, repository, keys } = await found();
  await publish({ version: "1.0.0" });
  const ask = { model, keys: [keys.family], signal };
  const all = revokeReleases(repository, { ...ask, what: { below: 2 ** 31 } });
  await expect(all).rejects.toMatchObject({ code: "parameter_invalid" });
  expect(await publish({ version: "1.1.0" })).toMatchObject({ release: 2 });
});

test("a family whose list takes no further release can still revoke what it has", async () => {
  const { publish, repository, keys } = await found();
  await publish({ version: "1.0.0" });
  const { files, ...family } = await openFamily(repository, { model, signal });
  const [, file] = [...files].find(([path]) => path.endsWith("golden.json")) ?? [];
  if (!file) throw new Error("nothing was published");
  const ask = { model, keys: [keys.family], signal };
  const filler = new Map(files);
  for (let number = 1_000; filler.size < 999; number += 1)
    filler.set(`${model}/${number}/any/golden.json`, file);
  await writeFamily(repository, family, { ...ask, files: filler });
  await expect(publish({ version: "1.1.0" })).rejects.toMatchObject({ code: "signing_refused" });
  expect(await revokeReleases(repository, { ...ask, what: { release: 1 } })).toMatchObject({
    list: { version: 4 },
  });
});

test("a release that never was cannot be revoked", async () => {
  const { repository, keys } = await found();
  const nothing = revokeReleases(repository, { model, keys: [keys.family], signal, what: { release: 3 } });
  await expect(nothing).rejects.toMatchObject({ code: "version_unknown" });
});
