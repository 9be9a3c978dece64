import { expect, test } from "vitest";
import { addFamily } from "#gateway/repository/add-family.ts";
import { publishRelease } from "#gateway/repository/publish-release.ts";
import { rotateTop } from "#gateway/repository/rotate-top.ts";
import type { Staged } from "#gateway/repository/seal-list.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import { installStaged, signStaged } from "#gateway/repository/staged-lists.ts";
import { createMemoryBlobs } from "#test/support/memory-blobs.ts";
import { artefact, foundRepository } from "#test/support/signed-repository.ts";

const signal = new AbortController().signal;

/** A family that wants two of three, and a release that one of them signed. */
async function halfSigned() {
  const found = await foundRepository(createMemoryBlobs());
  const family = [makeKey(), makeKey(), makeKey()] as const;
  const ask = { targetsKeys: [found.keys.targets], familyKeys: family, threshold: 2, signal };
  await addFamily(found.repository, { model: "faces", ...ask });
  const release = { model: "faces", version: "1.0.0", artefacts: [artefact("face")], signal };
  const { list } = await publishRelease(found.repository, { ...release, keys: [family[0]] });
  if (!list || !("staged" in list)) throw new Error("one signature was enough");
  return { ...found, family, staged: list.staged };
}

test("signatures are collected in turns, on machines that do not reach the repository, until they are enough", async () => {
  const { repository, family, staged, store } = await halfSigned();
  const { fileName } = staged;
  expect(store.blobs.has(`metadata/${fileName}`)).toBe(false);
  const bytes = signStaged(staged, [family[1]]);
  const signed = await installStaged(repository, { fileName, bytes }, { keys: [], signal });
  expect(signed).toEqual({ key: `metadata/${fileName}`, version: 2 });
  expect(await installStaged(repository, { fileName, bytes }, { keys: [], signal })).toEqual(signed);
});

test("a key that does not count, or counts already, brings a list no further", async () => {
  const { repository, family, staged } = await halfSigned();
  const same = await installStaged(repository, staged, { keys: [family[0]], signal });
  expect(same).toMatchObject({ staged: { signatures: 1, threshold: 2 } });
  const stranger = installStaged(repository, staged, { keys: [makeKey()], signal });
  await expect(stranger).rejects.toMatchObject({ code: "signing_refused" });
  const bytes = signStaged(staged, [makeKey()]);
  const offline = await installStaged(repository, { ...staged, bytes }, { keys: [], signal });
  expect(offline).toMatchObject({ staged: { signatures: 1 } });
});

test("a list whose files are not there, or are cut off, is not published", async () => {
  const { repository, family, staged, store } = await halfSigned();
  const key = [...store.blobs.keys()].find((name) => name.endsWith("model.onnx")) ?? "";
  const install = () => installStaged(repository, staged, { keys: [family[1]], signal });
  store.blobs.set(key, new Uint8Array(1));
  await expect(install()).rejects.toMatchObject({ code: "signing_refused" });
  store.blobs.delete(key);
  await expect(install()).rejects.toMatchObject({ code: "signing_refused" });
});

test("a list that somebody else was faster than is not published", async () => {
  const { repository, family, staged } = await halfSigned();
  const release = { model: "faces", version: "1.1.0", artefacts: [artefact("faster")], signal };
  await publishRelease(repository, { ...release, keys: [family[1], family[2]] });
  const late = installStaged(repository, staged, { keys: [family[1]], signal });
  await expect(late).rejects.toMatchObject({ code: "record_exists" });
});

test("a root is signed in turns by enough of the old keys and of the new ones", async () => {
  const { repository, keys } = await foundRepository(createMemoryBlobs());
  const fresh = makeKey();
  const change = { add: [fresh.publicHex], drop: [keys.root[0].id], threshold: undefined };
  const outcome = await rotateTop(repository, {
    ...{ role: "root", change, rootKeys: [keys.root[1]], targetsKeys: [], onlineKeys: [], signal },
  });
  if (!("staged" in outcome)) throw new Error("one signature was enough");
  let { staged }: { staged: Staged } = outcome;
  const bytes = signStaged(staged, [fresh]);
  const still = await installStaged(repository, { ...staged, bytes }, { keys: [], signal });
  expect(still).toMatchObject({ staged: { signatures: 1, threshold: 2 } });
  if ("staged" in still) staged = still.staged;
  const done = await installStaged(repository, staged, { keys: [keys.root[0]], signal });
  expect(done).toEqual({ key: "metadata/2.root.json", version: 2 });
  const again = installStaged(repository, staged, { keys: [keys.root[0]], signal });
  await expect(again).rejects.toMatchObject({ code: "record_exists" });
});

test.each([
  ["no name of a list", "faces.json", "{}", "parameter_invalid"],
  ["the name of what the online key signs", "2.snapshot.json", "{}", "parameter_invalid"],
  ["the name of no family", "2.constructor.json", "{}", "parameter_invalid"],
  ["what is no list", "2.faces.json", "{}", "repository_refused"],
])("a file with %s is not signed", (_, fileName, text, code) => {
  const staged = { fileName, bytes: new TextEncoder().encode(text) };
  expect(() => signStaged(staged, [makeKey()])).toThrow(expect.objectContaining({ code }));
});

test("a list under the name of another version is not signed", async () => {
  const { staged, family } = await halfSigned();
  const renamed = { ...staged, fileName: "3.faces.json" };
  expect(() => signStaged(renamed, [family[1]])).toThrow(
    expect.objectContaining({ code: "parameter_invalid" }),
  );
});
