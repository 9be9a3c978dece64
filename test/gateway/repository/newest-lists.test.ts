import { expect, test } from "vitest";
import { freshen } from "#gateway/repository/freshen.ts";
import { keepLists } from "#gateway/repository/kept-lists.ts";
import { createNewestLists } from "#gateway/repository/newest-lists.ts";
import { rotateTop } from "#gateway/repository/rotate-top.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { createMemoryBlobs, type MemoryBlobs } from "#test/support/memory-blobs.ts";
import { foundRepository } from "#test/support/signed-repository.ts";

const { signal } = new AbortController();
const timestampKey = "metadata/timestamp.json";

function newestOf(blobs: MemoryBlobs) {
  const clock = createFakeClock();
  const lists = keepLists({ blobs, clock });
  const newest = createNewestLists({ lists, clock });
  return { lists, clock, newest: () => newest({ signal }) };
}

async function found() {
  const founded = await foundRepository(createMemoryBlobs());
  const version = (): number => JSON.parse(textOf(founded.store, timestampKey)).signed.version;
  return { ...founded, version };
}

function textOf(store: MemoryBlobs, key: string): string {
  return Buffer.from(store.blobs.get(key) ?? []).toString();
}

test("what is served as the newest is named as the newest, a second after it changed at the latest", async () => {
  const { repository, store, keys, version } = await found();
  const { newest, clock } = newestOf(store);
  const before = version();
  expect(await newest()).toEqual({ root: 1, timestamp: before });
  await freshen(repository, [keys.online], { isAnew: true, signal });
  expect(version()).toBeGreaterThan(before);
  clock.advance(1_001);
  expect(await newest()).toEqual({ root: 1, timestamp: version() });
});

test("plans name what is served at the same moment, also where the store has newer ones already", async () => {
  const { repository, store, keys } = await found();
  const { newest, lists } = newestOf(store);
  const named = await newest();
  await freshen(repository, [keys.online], { isAnew: true, signal });
  const served = await lists.find(timestampKey, { isImmutable: false, signal });
  expect(JSON.parse(Buffer.from(served?.bytes ?? []).toString()).signed.version).toBe(named?.timestamp);
});

test("roots are followed to the newest one", async () => {
  const { repository, store, keys } = await found();
  const { newest, clock } = newestOf(store);
  expect((await newest())?.root).toBe(1);
  const fresh = makeKey();
  const change = { add: [fresh.publicHex], drop: [keys.root[0].id], threshold: undefined };
  const signers = { rootKeys: [...keys.root, fresh], targetsKeys: [], onlineKeys: [] };
  await rotateTop(repository, { role: "root", change, ...signers, signal });
  clock.advance(1_001);
  expect((await newest())?.root).toBe(2);
});

test("a thousand plans in a second cost the store three answers", async () => {
  const { store } = await found();
  const { newest } = newestOf(store);
  store.reads.length = 0;
  await Promise.all(Array.from({ length: 1_000 }, () => newest()));
  expect(store.reads.toSorted()).toEqual(["metadata/1.root.json", "metadata/2.root.json", timestampKey]);
});

test.each([
  ["is none", (store: MemoryBlobs) => store.blobs.delete(timestampKey)],
  ["cannot be read", (store: MemoryBlobs) => store.blobs.set(timestampKey, Buffer.from("{}"))],
  ["is far too long", (store: MemoryBlobs) => store.blobs.set(timestampKey, Buffer.alloc(20_000, " "))],
])("where the timestamp %s nothing is named", async (_, harm) => {
  const { store } = await found();
  harm(store);
  expect(await newestOf(store).newest()).toBeUndefined();
});

test("where there is no root, or the store fails, nothing is named", async () => {
  const { store } = await found();
  store.blobs.delete("metadata/1.root.json");
  expect(await newestOf(store).newest()).toBeUndefined();
  const failing = { ...store, read: () => Promise.reject(new Error("away")) };
  expect(await newestOf(failing).newest()).toBeUndefined();
});

test("a store that does not answer keeps a plan for two seconds, and then it goes without", async () => {
  const { store } = await found();
  const { newest, clock } = newestOf({ ...store, read: () => new Promise(() => {}) });
  const named = newest();
  clock.advance(2_000);
  expect(await named).toBeUndefined();
});
