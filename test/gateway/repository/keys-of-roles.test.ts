import { expect, test } from "vitest";
import { addFamily, type NewFamily } from "#gateway/repository/add-family.ts";
import { createRepository, type Founders } from "#gateway/repository/create-repository.ts";
import { freshen } from "#gateway/repository/freshen.ts";
import { rotateFamily } from "#gateway/repository/rotate-family.ts";
import { rotateTop } from "#gateway/repository/rotate-top.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { createMemoryBlobs } from "#test/support/memory-blobs.ts";
import { foundRepository, model, repositoryKeys } from "#test/support/signed-repository.ts";

const signal = new AbortController().signal;

function foundersOf(keys: ReturnType<typeof repositoryKeys>): Founders {
  const { root, targets, online } = keys;
  return { root, rootThreshold: 2, targets: [targets], targetsThreshold: 1, online };
}

test("founding that was killed at any write is done by doing it again", async () => {
  for (let writes = 0; writes < 4; writes += 1) {
    const keys = repositoryKeys();
    const clock = createFakeClock();
    let left = writes;
    const dying = createMemoryBlobs({
      beforeWrite: () => {
        left -= 1;
        if (left < 0) throw new Error("killed");
      },
    });
    const killed = createRepository({ store: dying, clock }, foundersOf(keys), { signal });
    await expect(killed).rejects.toThrow("killed");
    const repository = { store: createMemoryBlobs({ blobs: dying.blobs }), clock };
    await createRepository(repository, foundersOf(keys), { signal });
    expect((await freshen(repository, [keys.online], { signal })).refused).toEqual([]);
    const again = createRepository(repository, foundersOf(keys), { signal });
    await expect(again).rejects.toMatchObject({ code: "record_exists" });
  }
});

const keys = repositoryKeys();

test.each<[string, Partial<Founders>, string]>([
  ["a threshold that its keys cannot meet", { rootThreshold: 4 }, "parameter_invalid"],
  ["a threshold of nothing", { targetsThreshold: 0 }, "parameter_invalid"],
  ["one key twice", { root: [keys.root[0], keys.root[0]] }, "parameter_invalid"],
  ["the online key among those that say what may run", { online: keys.targets }, "signing_refused"],
])("a repository with %s is not founded", async (_, change, code) => {
  const store = createMemoryBlobs();
  const clock = createFakeClock();
  const founding = createRepository({ store, clock }, { ...foundersOf(keys), ...change }, { signal });
  await expect(founding).rejects.toMatchObject({ code });
  expect(store.written).toEqual([]);
});

test.each<[string, Partial<NewFamily>, string]>([
  ["the name of a role", { model: "Targets" }, "parameter_invalid"],
  ["a name that objects have of themselves", { model: "constructor" }, "parameter_invalid"],
  ["a name that is there in other letters", { model: "DIGITS-N" }, "record_exists"],
  ["a key of targets that is none", { targetsKeys: [makeKey()] }, "signing_refused"],
  ["fewer keys than it wants", { threshold: 2 }, "parameter_invalid"],
])("a family with %s is not made", async (_, change, code) => {
  const { repository, keys: own } = await foundRepository(createMemoryBlobs());
  const usual = { model: "faces", targetsKeys: [own.targets], familyKeys: [makeKey()], threshold: 1, signal };
  await expect(addFamily(repository, { ...usual, ...change })).rejects.toMatchObject({ code });
});

test("the online key never becomes a family's, nor a family's the online key", async () => {
  const { repository, keys: own } = await foundRepository(createMemoryBlobs());
  const family = {
    model: "faces",
    targetsKeys: [own.targets],
    familyKeys: [own.online],
    threshold: 1,
    signal,
  };
  await expect(addFamily(repository, family)).rejects.toMatchObject({ code: "signing_refused" });
  for (const { publicHex } of [own.targets, own.family, own.root[0]]) {
    const rotation = rotateTop(repository, {
      ...{ role: "online", rootKeys: own.root, targetsKeys: [], onlineKeys: [], signal },
      change: { add: [publicHex], drop: [], threshold: undefined },
    });
    await expect(rotation).rejects.toMatchObject({ code: "signing_refused" });
  }
});

test("a family's list is signed anew for another while by its keys alone", async () => {
  const { repository, keys: own, clock } = await foundRepository(createMemoryBlobs());
  clock.advance(80 * 86_400_000);
  const change = { add: [], drop: [], threshold: undefined };
  const ask = { model, change, targetsKeys: [], familyKeys: [own.family], signal };
  expect(await rotateFamily(repository, ask)).toMatchObject({ version: 2 });
  expect((await freshen(repository, [own.online], { signal })).named.get(model)).toBe(2);
});

test("a family's new keys have to sign enough before anything changes", async () => {
  const { repository, keys: own, store } = await foundRepository(createMemoryBlobs());
  const fresh = makeKey();
  const before = store.written.length;
  const rotation = rotateFamily(repository, {
    ...{ model, targetsKeys: [own.targets], familyKeys: [own.family], signal },
    change: { add: [fresh.publicHex], drop: [own.family.id], threshold: undefined },
  });
  await expect(rotation).rejects.toMatchObject({ code: "signing_refused" });
  expect(store.written.length).toBe(before);
});

test.each([
  ["a key that it does not have", { add: [], drop: ["ffffffffffff"], threshold: undefined }],
  ["a key that is named too shortly", { add: [], drop: [keys.root[0].id.slice(0, 3)], threshold: undefined }],
  ["more than it has left", { add: [], drop: [], threshold: 4 }],
])("a root that is to drop or want %s stays as it is", async (_, change) => {
  const { repository, keys: own } = await foundRepository(createMemoryBlobs(), { keys });
  const rotation = rotateTop(repository, {
    ...{ role: "root", rootKeys: own.root, targetsKeys: [], onlineKeys: [], signal, change },
  });
  await expect(rotation).rejects.toMatchObject({ code: "parameter_invalid" });
});

test("a root that is forged is not followed, and freshening goes on under the last one that holds", async () => {
  const { repository, keys: own, store } = await foundRepository(createMemoryBlobs());
  const { rootList, signList, encodeList } = await import("#gateway/repository/lists.ts");
  const evil = makeKey();
  const signers = { keys: [evil.publicHex], threshold: 1 };
  const forged = rootList(
    { root: signers, targets: signers, online: signers },
    { version: 2, expiresAtMs: 9e12 },
  );
  signList(forged, [evil]);
  store.blobs.set("metadata/2.root.json", encodeList(forged));
  const { refused } = await freshen(repository, [own.online], { signal });
  expect(refused).toEqual([{ key: "metadata/2.root.json", why: expect.stringContaining("signatures") }]);
});
