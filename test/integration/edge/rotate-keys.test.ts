import { expect, test } from "vitest";
import { freshen } from "#gateway/repository/freshen.ts";
import { rotateFamily } from "#gateway/repository/rotate-family.ts";
import { rotateTop, type TopRotation } from "#gateway/repository/rotate-top.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import { createMemoryBlobs } from "#test/support/memory-blobs.ts";
import { foundRepository, model, publishOne } from "#test/support/signed-repository.ts";
import { createTufReader, type TufReader } from "#test/support/tuf-reader.ts";

const signal = new AbortController().signal;
const noChange = { add: [], drop: [], threshold: undefined };

/** What a device that looks now has of a release. */
async function seen(reader: TufReader, release: number): Promise<string | undefined> {
  await reader.refresh();
  const bytes = await reader.download(`${model}/${release}/any/model.onnx`);
  return bytes && new TextDecoder().decode(bytes);
}

/** A repository with one release, and a device that has its lists. */
async function published() {
  const found = await foundRepository(createMemoryBlobs());
  await publishOne(found, "1.0.0", "first");
  const reader = createTufReader(found.store, found.firstRoot);
  await reader.refresh();
  return { ...found, reader, [Symbol.dispose]: () => reader[Symbol.dispose]() };
}

test("root keys are exchanged under the old threshold and the new one, and devices follow", async () => {
  using found = await published();
  const { repository, reader, keys } = found;
  const [a, b] = keys.root;
  const fresh = makeKey();
  const change = { add: [fresh.publicHex], drop: [a.id], threshold: undefined };
  const ask: TopRotation = {
    ...{ role: "root", change, rootKeys: [a, b], targetsKeys: [], onlineKeys: [], signal },
  };
  expect(await rotateTop(repository, ask)).toMatchObject({ staged: { signatures: 1, threshold: 2 } });
  expect(await rotateTop(repository, { ...ask, rootKeys: [a, b, fresh] })).toMatchObject({ version: 2 });
  await freshen(repository, [keys.online], { signal });
  expect(await seen(reader, 1)).toBe("first");
});

test("the online key is exchanged, and at no instant is there a repository that devices refuse", async () => {
  const found = await foundRepository(createMemoryBlobs());
  const { store, keys, clock } = found;
  await publishOne(found, "1.0.0", "first");
  using reader = createTufReader(store, found.firstRoot);
  const fresh = makeKey();
  const watched = createMemoryBlobs({
    blobs: store.blobs,
    beforeWrite: async () => expect(await seen(reader, 1)).toBe("first"),
  });
  const repository = { store: watched, clock };
  await rotateTop(repository, {
    ...{ role: "online", rootKeys: [keys.root[0], keys.root[1]], targetsKeys: [], signal },
    change: { add: [fresh.publicHex], drop: [keys.online.id], threshold: undefined },
    onlineKeys: [keys.online, fresh],
  });
  expect(await seen(reader, 1)).toBe("first");
  clock.advance(13 * 3_600_000);
  await freshen(repository, [fresh], { signal });
  expect(await seen(reader, 1)).toBe("first");
  const old = freshen(repository, [keys.online], { signal });
  await expect(old).rejects.toMatchObject({ code: "signing_refused" });
});

test("an online key that is lost is exchanged by the root alone", async () => {
  using found = await published();
  const { repository, reader, keys } = found;
  const fresh = makeKey();
  await rotateTop(repository, {
    ...{
      role: "online",
      rootKeys: [keys.root[0], keys.root[2]],
      targetsKeys: [],
      onlineKeys: [fresh],
      signal,
    },
    change: { add: [fresh.publicHex], drop: [keys.online.id], threshold: undefined },
  });
  await freshen(repository, [fresh], { signal });
  expect(await seen(reader, 1)).toBe("first");
});

test("the targets' key is exchanged, and what the old one signs afterwards counts for nothing", async () => {
  using found = await published();
  const { repository, reader, keys } = found;
  const fresh = makeKey();
  await rotateTop(repository, {
    ...{ role: "targets", rootKeys: [keys.root[0], keys.root[1]], signal },
    change: { add: [fresh.publicHex], drop: [keys.targets.id], threshold: undefined },
    ...{ targetsKeys: [keys.targets, fresh], onlineKeys: [keys.online] },
  });
  await freshen(repository, [keys.online], { signal });
  expect(await seen(reader, 1)).toBe("first");
  const old = rotateTop(repository, {
    ...{
      role: "targets",
      rootKeys: [],
      change: noChange,
      targetsKeys: [keys.targets],
      onlineKeys: [],
      signal,
    },
  });
  await expect(old).rejects.toMatchObject({ code: "signing_refused" });
});

test("a family's key is exchanged, and the old one signs nothing any more", async () => {
  using found = await published();
  const { repository, reader, keys } = found;
  const fresh = makeKey();
  await rotateFamily(repository, {
    ...{ model, targetsKeys: [keys.targets], familyKeys: [fresh], signal },
    change: { add: [fresh.publicHex], drop: [keys.family.id], threshold: undefined },
  });
  await freshen(repository, [keys.online], { signal });
  expect(await seen(reader, 1)).toBe("first");
  await expect(publishOne(found, "1.1.0")).rejects.toMatchObject({ code: "signing_refused" });
  await publishOne({ repository, keys: { ...keys, family: fresh } }, "1.1.0", "second");
  expect(await seen(reader, 2)).toBe("second");
});
