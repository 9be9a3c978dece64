import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addFamily } from "#gateway/repository/add-family.ts";
import { freshen } from "#gateway/repository/freshen.ts";
import { encodeList, familyList, signList, snapshotList, timestampList } from "#gateway/repository/lists.ts";
import { publishRelease } from "#gateway/repository/publish-release.ts";
import { readVerified } from "#gateway/repository/read-verified.ts";
import { revokeReleases } from "#gateway/repository/revoke-releases.ts";
import { rotateFamily } from "#gateway/repository/rotate-family.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { Secret } from "#infra/runtime/secret.ts";
import { fakeS3Keys, startFakeS3 } from "#test/support/fake-s3.ts";
import { createMemoryBlobs } from "#test/support/memory-blobs.ts";
import {
  artefact,
  type FoundRepository,
  foundRepository,
  model,
  publishOne,
} from "#test/support/signed-repository.ts";
import { createTufReader, type TufReader } from "#test/support/tuf-reader.ts";

const signal = new AbortController().signal;
const day = 86_400_000;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "publish-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function textOf(reader: TufReader, path: string): Promise<string | undefined> {
  const bytes = await reader.download(path);
  return bytes && new TextDecoder().decode(bytes);
}

const modelPath = (release: number) => `${model}/${release}/any/model.onnx`;

/** What a device that looks now has of a release. */
async function seen(reader: TufReader, release: number): Promise<string | undefined> {
  await reader.refresh();
  return await textOf(reader, modelPath(release));
}

test("in a folder a device finds a release, then the next beside it, then what was revoked", async () => {
  const store = await openBlobs(await mkdtemp(join(folder, "store-")));
  await using _closed = store;
  const found = await foundRepository(store);
  using reader = createTufReader(store, found.firstRoot);
  expect(await seen(reader, 1)).toBeUndefined();
  await publishOne(found, "1.0.0", "first");
  expect(await seen(reader, 1)).toBe("first");
  expect(await textOf(reader, `${model}/1/any/golden.json`)).toBe("golden of first");
  await publishOne(found, "1.1.0", "second");
  expect([await seen(reader, 1), await textOf(reader, modelPath(2))]).toEqual(["first", "second"]);
  const { repository, keys } = found;
  await revokeReleases(repository, { model, what: { release: 1 }, keys: [keys.family], signal });
  await freshen(repository, [keys.online], { signal });
  await reader.refresh();
  const revoked = JSON.parse((await textOf(reader, `${model}/revocations.json`)) ?? "");
  expect(revoked).toMatchObject({ model, below: 0, sha256: [expect.stringMatching(/^[0-9a-f]{64}$/)] });
});

test("in a bucket of S3 all is published, named and read as in a folder", async () => {
  await using server = await startFakeS3();
  const { accessKeyId, secretAccessKey } = fakeS3Keys;
  const store = await openBlobs(`s3://models/edge?endpoint=${server.endpoint}`, {
    s3: { accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
  });
  await using _closed = store;
  const found = await foundRepository(store);
  await publishOne(found, "1.0.0", "first");
  using reader = createTufReader(store, found.firstRoot);
  expect(await seen(reader, 1)).toBe("first");
});

test("a publishing that is killed at any write leaves a repository that works, and is done by doing it again", async () => {
  const states = await everyKill(async (found) => {
    await publishOne(found, "1.1.0", "second");
  });
  expect(states.length).toBeGreaterThanOrEqual(6);
  expect(states.at(-1)).toBe("second");
  // Until the timestamp names it, nobody sees any of it.
  expect(states.slice(0, -1)).toEqual(states.slice(0, -1).map(() => undefined));
});

test("an exchange of a family's keys that is killed at any write leaves a repository that works", async () => {
  const fresh = makeKey();
  const states = await everyKill(async (found) => {
    const { repository, keys } = found;
    const { models } = await contentsOf(found);
    if (models === 2) return;
    await rotateFamily(repository, {
      ...{ model, targetsKeys: [keys.targets], familyKeys: [fresh], signal },
      change: { add: [fresh.publicHex], drop: [keys.family.id], threshold: undefined },
    }).catch((error: unknown) => refuseOther(error, "parameter_invalid"));
    await freshen(repository, [keys.online], { signal });
    await publishOne({ repository, keys: { ...keys, family: fresh } }, "1.1.0", "second");
  });
  expect(states.at(-1)).toBe("second");
});

/** Already done before the kill. */
function refuseOther(error: unknown, code: string): void {
  expect(error).toMatchObject({ code });
}

async function contentsOf({ repository }: FoundRepository) {
  const { families } = await readVerified(repository, { signal });
  return { models: families[0]?.contents.models.length };
}

/** For each write: what a device sees of release 2 after the work was killed before it, and that the work can be done again. */
async function everyKill(work: (found: FoundRepository) => Promise<void>): Promise<(string | undefined)[]> {
  const states: (string | undefined)[] = [];
  for (let after = 0; ; after += 1) {
    const found = await foundRepository(createMemoryBlobs());
    await publishOne(found, "1.0.0", "first");
    using reader = createTufReader(found.store, found.firstRoot);
    expect(await seen(reader, 1)).toBe("first");
    let left = after;
    const dying = createMemoryBlobs({
      blobs: found.store.blobs,
      beforeWrite: () => {
        left -= 1;
        if (left < 0) throw new Error("killed");
      },
    });
    const isDone = await work({ ...found, repository: { ...found.repository, store: dying } }).then(
      () => true,
      () => false,
    );
    expect(await seen(reader, 1)).toBe("first");
    using stranger = createTufReader(found.store, found.firstRoot);
    states.push(await seen(stranger, 2));
    if (isDone) return states;
    await work(found);
    expect([await seen(reader, 2), await seen(stranger, 2)]).toEqual(["second", "second"]);
  }
}

test("with the online key alone nobody makes a device take a list that its family did not sign", async () => {
  const found = await foundRepository(createMemoryBlobs());
  const { repository, store, keys, clock } = found;
  await publishOne(found, "1.0.0", "first");
  using reader = createTufReader(store, found.firstRoot);
  expect(await seen(reader, 1)).toBe("first");
  const later = { expiresAtMs: clock.now() + day };
  const write = async (key: string, list: Parameters<typeof encodeList>[0]) => {
    signList(list, [keys.online]);
    await store.write(`metadata/${key}.json`, encodeList(list), { signal });
  };
  await write(`7.${model}`, familyList(new Map(), { version: 7, ...later }));
  const versions = new Map([
    ["targets", 2],
    [model, 7],
  ]);
  await write("70.snapshot", snapshotList(versions, { version: 70, ...later }));
  await write("timestamp", timestampList(70, { version: 2 ** 30, signedAtMs: clock.now(), ...later }));
  await reader.refresh();
  await expect(reader.download(modelPath(1))).rejects.toThrow("was signed by 0/1 keys");
  await expect(readVerified(repository, { signal })).resolves.toMatchObject({
    families: [],
    refused: [{ model, error: { code: "repository_refused" } }],
  });
  const { refused } = await freshen(repository, [keys.online], { signal });
  expect(refused).toEqual([expect.objectContaining({ key: `metadata/7.${model}.json` })]);
});

test.each([
  ["the timestamp", { timestamp: -1_000 }, "timestamp.json is expired"],
  ["the snapshot", { snapshot: -1_000 }, "snapshot.json is expired"],
  ["the list of targets", { targets: -1_000 }, "targets.json is expired"],
])("a device takes nothing when %s has expired", async (_, lives, words) => {
  // What founds it does not look at dates, whoever reads it does.
  const found = await foundRepository(createMemoryBlobs(), { lives });
  using reader = createTufReader(found.store, found.firstRoot);
  await expect(reader.refresh()).rejects.toThrow(words);
  const ours = readVerified(found.repository, { signal });
  await expect(ours).rejects.toMatchObject({ code: "repository_expired" });
});

test("of two keys that a family wants one is not enough", async () => {
  const found = await foundRepository(createMemoryBlobs());
  const { repository, keys } = found;
  const [one, two] = [makeKey(), makeKey()];
  const family = {
    model: "faces",
    targetsKeys: [keys.targets],
    familyKeys: [one, two],
    threshold: 2,
    signal,
  };
  await addFamily(repository, family);
  const release = { model: "faces", version: "1.0.0", artefacts: [artefact("face")], signal };
  const half = await publishRelease(repository, { ...release, keys: [one] });
  expect(half.list).toMatchObject({ staged: { signatures: 1, threshold: 2, fileName: "2.faces.json" } });
  await freshen(repository, [keys.online], { signal });
  using reader = createTufReader(found.store, found.firstRoot);
  await reader.refresh();
  expect(await textOf(reader, "faces/1/any/model.onnx")).toBeUndefined();
  await publishRelease(repository, { ...release, keys: [one, two] });
  await freshen(repository, [keys.online], { signal });
  await reader.refresh();
  expect(await textOf(reader, "faces/1/any/model.onnx")).toBe("face");
});
