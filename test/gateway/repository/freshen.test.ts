import { expect, test, vi } from "vitest";
import { addFamily } from "#gateway/repository/add-family.ts";
import { freshen } from "#gateway/repository/freshen.ts";
import { keepFresh } from "#gateway/repository/keep-fresh.ts";
import {
  encodeList,
  familyList,
  readSnapshot,
  signList,
  snapshotList,
  timestampList,
} from "#gateway/repository/lists.ts";
import { publishRelease } from "#gateway/repository/publish-release.ts";
import { readVerified } from "#gateway/repository/read-verified.ts";
import { rotateTop } from "#gateway/repository/rotate-top.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import { type SkippedEvent, sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createMemoryBlobs } from "#test/support/memory-blobs.ts";
import { artefact, bytesOf, foundRepository, model, publishOne } from "#test/support/signed-repository.ts";

const signal = new AbortController().signal;
const hour = 3_600_000;

test("what is fresh is left alone, and asked again it is left alone again", async () => {
  const { repository, store, keys } = await foundRepository(createMemoryBlobs());
  const before = store.written.length;
  const freshened = await freshen(repository, [keys.online], { signal });
  expect({ wrote: freshened.wrote, writes: store.written.length }).toEqual({ wrote: [], writes: before });
});

test("a timestamp is renewed when half of its day is over, a snapshot when half of its week is", async () => {
  const { repository, keys, clock } = await foundRepository(createMemoryBlobs());
  clock.advance(11 * hour);
  expect((await freshen(repository, [keys.online], { signal })).wrote).toEqual([]);
  clock.advance(2 * hour);
  expect((await freshen(repository, [keys.online], { signal })).wrote).toEqual(["metadata/timestamp.json"]);
  clock.advance(72 * hour);
  expect((await freshen(repository, [keys.online], { signal })).wrote).toEqual([
    "metadata/3.snapshot.json",
    "metadata/timestamp.json",
  ]);
});

test("a family's list that was uploaded is named with the online key alone", async () => {
  const { repository, keys } = await foundRepository(createMemoryBlobs());
  await publishRelease(repository, {
    ...{ model, version: "1.0.0", artefacts: [artefact("m")], keys: [keys.family], signal },
  });
  expect((await readVerified(repository, { signal })).families[0]?.contents.models).toEqual([]);
  const { named, refused } = await freshen(repository, [keys.online], { signal });
  expect({ named: named.get(model), refused }).toEqual({ named: 2, refused: [] });
  expect((await readVerified(repository, { signal })).families[0]?.contents.models).toHaveLength(1);
});

test("a family's list that the online key forged is not named, and what stood goes on", async () => {
  const found = await foundRepository(createMemoryBlobs());
  const { repository, store, keys, clock } = found;
  await publishOne(found, "1.0.0");
  const forged = familyList(new Map(), { version: 9, expiresAtMs: clock.now() + hour });
  signList(forged, [keys.online]);
  await store.write(`metadata/9.${model}.json`, encodeList(forged), { signal });
  const { named, refused } = await freshen(repository, [keys.online], { signal });
  expect(named.get(model)).toBe(2);
  expect(refused).toEqual([
    { key: `metadata/9.${model}.json`, why: expect.stringContaining("lacks signatures") },
  ]);
  await publishOne(found, "1.0.1");
  expect((await readVerified(repository, { signal })).families[0]).toMatchObject({ version: 3 });
});

test.each([
  ["no list at all", "not json"],
  ["a list that says another version", undefined],
  ["broader than a list is", JSON.stringify({ signed: { targets: new Array(1_001).fill(0) } })],
])("what lies in place of a family's list and is %s is passed over", async (_, text) => {
  const { repository, store, keys, clock } = await foundRepository(createMemoryBlobs());
  const other = familyList(new Map(), { version: 8, expiresAtMs: clock.now() + hour });
  signList(other, [keys.family]);
  const bytes = text === undefined ? encodeList(other) : new TextEncoder().encode(text);
  await store.write(`metadata/7.${model}.json`, bytes, { signal });
  const { named, refused } = await freshen(repository, [keys.online], { signal });
  expect({ named: named.get(model), refused: refused.length }).toEqual({ named: 1, refused: 1 });
});

test("a new list that has expired is not named, one that was named before stays", async () => {
  const { repository, store, keys, clock } = await foundRepository(createMemoryBlobs());
  const old = familyList(new Map(), { version: 2, expiresAtMs: clock.now() - 1_000 });
  signList(old, [keys.family]);
  await store.write(`metadata/2.${model}.json`, encodeList(old), { signal });
  const first = await freshen(repository, [keys.online], { signal });
  expect(first.refused).toEqual([{ key: `metadata/2.${model}.json`, why: "it has expired" }]);
  store.blobs.delete(`metadata/2.${model}.json`);
  clock.advance(91 * 24 * hour);
  const later = await freshen(repository, [keys.online], { signal });
  expect({ named: later.named.get(model), refused: later.refused }).toEqual({ named: 1, refused: [] });
});

test("a list that was named and is gone is told, and no older one takes its place", async () => {
  const found = await foundRepository(createMemoryBlobs());
  await publishOne(found, "1.0.0");
  found.store.blobs.delete(`metadata/2.${model}.json`);
  const { named, refused } = await freshen(found.repository, [found.keys.online], { signal });
  expect(named.get(model)).toBe(2);
  expect(refused).toEqual([{ key: `metadata/2.${model}.json`, why: expect.stringContaining("gone") }]);
});

test("another online key than the root's may name nothing", async () => {
  const { repository } = await foundRepository(createMemoryBlobs());
  const stranger = freshen(repository, [makeKey()], { signal });
  await expect(stranger).rejects.toMatchObject({ code: "signing_refused" });
});

test("under a root that has expired nothing is freshened", async () => {
  const { repository, keys, clock } = await foundRepository(createMemoryBlobs());
  clock.advance(366 * 24 * hour);
  const late = freshen(repository, [keys.online], { signal });
  await expect(late).rejects.toMatchObject({ code: "repository_expired" });
});

test("where nothing was founded there is nothing to freshen", async () => {
  const { keys, clock } = await foundRepository(createMemoryBlobs());
  const nowhere = freshen({ store: createMemoryBlobs(), clock }, [keys.online], { signal });
  await expect(nowhere).rejects.toMatchObject({ code: "repository_refused" });
});

test("two that freshen at the same time leave a repository that holds", async () => {
  for (let writes = 1; writes <= 4; writes += 1) {
    const found = await foundRepository(createMemoryBlobs());
    const { repository, keys } = found;
    await publishRelease(repository, {
      ...{ model, version: "1.0.0", artefacts: [artefact("m")], keys: [keys.family], signal },
    });
    // The other one does all of its work just before one write of this one.
    let left = writes;
    const slow = createMemoryBlobs({
      blobs: found.store.blobs,
      beforeWrite: async () => {
        left -= 1;
        if (left === 0) await freshen(repository, [keys.online], { signal });
      },
    });
    await freshen({ ...repository, store: slow }, [keys.online], { signal });
    const { families, refused } = await readVerified(repository, { signal });
    expect({ version: families[0]?.version, refused }).toEqual({ version: 2, refused: [] });
    expect((await freshen(repository, [keys.online], { signal })).wrote).toEqual([]);
  }
});

test("many that freshen at once agree on one snapshot in the end", async () => {
  const found = await foundRepository(createMemoryBlobs());
  const { repository, keys } = found;
  await publishRelease(repository, {
    ...{ model, version: "1.0.0", artefacts: [artefact("m")], keys: [keys.family], signal },
  });
  const all = await Promise.all([1, 2, 3, 4, 5].map(() => freshen(repository, [keys.online], { signal })));
  expect(new Set(all.map(({ named }) => named.get(model)))).toEqual(new Set([2]));
  expect((await readVerified(repository, { signal })).families[0]?.version).toBe(2);
});

test("a timestamp that an older one replaced is overruled by whoever saw the newer", async () => {
  const { repository, store, keys, clock } = await foundRepository(createMemoryBlobs());
  const old = await bytesOf(store, "metadata/timestamp.json");
  clock.advance(13 * hour);
  const { timestamp } = await freshen(repository, [keys.online], { signal });
  clock.advance(-13 * hour);
  await store.write("metadata/timestamp.json", old, { signal });
  const again = await freshen(repository, [keys.online], { signal, seen: timestamp });
  expect(again.timestamp).toBe(timestamp + 1);
});

test("a timestamp that is lost is made anew, with a higher version than the lost one", async () => {
  const { repository, store, keys, clock } = await foundRepository(createMemoryBlobs());
  const { timestamp } = await freshen(repository, [keys.online], { signal });
  clock.advance(2 * 60_000);
  for (const bytes of [undefined, new Uint8Array(0), new TextEncoder().encode("{}")]) {
    store.blobs.delete("metadata/timestamp.json");
    if (bytes) store.blobs.set("metadata/timestamp.json", bytes);
    const again = await freshen(repository, [keys.online], { signal });
    expect(again.timestamp).toBeGreaterThan(timestamp);
    expect((await readVerified(repository, { signal })).refused).toEqual([]);
  }
});

test("versions that a stranger laid as high as they go leave room for the next ones", async () => {
  const { repository, store, keys, clock } = await foundRepository(createMemoryBlobs());
  const most = 2 ** 31 - 1;
  const dated = { version: most, expiresAtMs: clock.now() + hour };
  const planted = timestampList(most, { ...dated, signedAtMs: 0 });
  signList(planted, [makeKey()]);
  store.blobs.set("metadata/timestamp.json", encodeList(planted));
  store.blobs.set(`metadata/${most}.snapshot.json`, encodeList(snapshotList(new Map(), dated)));
  const { timestamp, snapshot } = await freshen(repository, [keys.online], { signal });
  expect(timestamp).toBeLessThan(most / 2);
  expect(snapshot).toBeLessThan(10);
  expect((await readVerified(repository, { signal })).refused).toEqual([]);
});

test("a timestamp that a lost online key signed as high as it goes leaves room once the key is exchanged", async () => {
  const { repository, store, keys, clock } = await foundRepository(createMemoryBlobs());
  const most = 2 ** 31 - 1;
  const planted = timestampList(1, { version: most, expiresAtMs: clock.now() + hour, signedAtMs: 0 });
  signList(planted, [keys.online]);
  const next = makeKey();
  await rotateTop(repository, {
    ...{ role: "online", rootKeys: keys.root, targetsKeys: [], onlineKeys: [], signal },
    change: { add: [next.publicHex], drop: [keys.online.id], threshold: undefined },
  });
  store.blobs.set("metadata/timestamp.json", encodeList(planted));
  const { timestamp } = await freshen(repository, [next], { signal });
  expect(timestamp).toBeLessThan(most / 2);
  expect((await freshen(repository, [next], { signal, seen: timestamp })).wrote).toEqual([]);
  expect((await readVerified(repository, { signal })).refused).toEqual([]);
});

test("a list of one family in the place of another's with the same keys is neither named nor built upon", async () => {
  const found = await foundRepository(createMemoryBlobs());
  const { repository, store, keys } = found;
  await publishOne(found, "1.0.0");
  await publishOne(found, "1.0.1");
  await addFamily(repository, {
    ...{ model: "faces", targetsKeys: [keys.targets], familyKeys: [keys.family], threshold: 1, signal },
  });
  store.blobs.set("metadata/3.faces.json", await bytesOf(store, `metadata/3.${model}.json`));
  const { named, refused } = await freshen(repository, [keys.online], { signal });
  expect(named.get("faces")).toBe(1);
  expect(refused).toMatchObject([{ key: "metadata/3.faces.json" }]);
  const artefacts = [artefact("a face")];
  const ask = { model: "faces", version: "1.0.0", artefacts, keys: [keys.family], signal };
  expect(await publishRelease(repository, ask)).toMatchObject({ release: 1, list: { version: 2 } });
});

test("a family that was added is named together with its first list", async () => {
  const { repository, store, keys } = await foundRepository(createMemoryBlobs());
  const ask = { targetsKeys: [keys.targets], familyKeys: [makeKey(), makeKey()], threshold: 2, signal };
  await addFamily(repository, { model: "faces", ...ask });
  const { named, snapshot } = await freshen(repository, [keys.online], { signal });
  expect(Object.fromEntries(named)).toEqual({ targets: 3, [model]: 1, faces: 1 });
  const list = readSnapshot(await bytesOf(store, `metadata/${snapshot}.snapshot.json`));
  expect(Object.keys(list.signed.meta).sort()).toEqual(["digits-n.json", "faces.json", "targets.json"]);
});

test("whoever keeps a repository fresh names what is new, tells what is refused, and stops when closed", async () => {
  const found = await foundRepository(createMemoryBlobs());
  const { store, keys, clock } = found;
  const told: SkippedEvent[] = [];
  const unlisten = sideConcernSkipped.subscribe((event) => void told.push(event));
  const seen: number[] = [];
  const kept = keepFresh({
    ...{ store, key: keys.online, clock, everyMs: 1_000, chance: { number: () => 0.5 } },
    onTurn: ({ named }) => void seen.push(named.get(model) ?? 0),
  });
  try {
    await vi.waitFor(() => expect(seen).toEqual([1]));
    await publishRelease(found.repository, {
      ...{ model, version: "1.0.0", artefacts: [artefact("m")], keys: [keys.family], signal },
    });
    store.blobs.set(`metadata/5.${model}.json`, new Uint8Array(3));
    await vi.waitFor(() => {
      clock.advance(1_000);
      expect(seen).toContain(2);
    });
    expect(told[0]).toMatchObject({ what: "freshening the repository", detail: `metadata/5.${model}.json` });
  } finally {
    await kept[Symbol.asyncDispose]();
    unlisten();
  }
  const turns = seen.length;
  clock.advance(10_000);
  expect(seen).toHaveLength(turns);
});
