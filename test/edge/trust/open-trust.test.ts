import { expect, test } from "vitest";
import { openState } from "#edge/store/open-state.ts";
import { openTrust } from "#edge/trust/open-trust.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { addFamily, hashOf } from "#test/support/edge/family.ts";
import { createMemoryDisk } from "#test/support/edge/memory-disk.ts";
import { simulateRepository } from "#test/support/edge/simulated-repository.ts";
import { touchyDisk } from "#test/support/edge/touchy-disk.ts";
import { trustingDevice } from "#test/support/edge/trusting-device.ts";
import { beginning, createFakeClock } from "#test/support/fake-clock.ts";

function repositoryWithRelease() {
  const repo = simulateRepository();
  const family = addFamily(repo);
  family.add(1);
  family.publish();
  return { repo, family };
}

test("before the first refresh nothing is known, and after it what the family signed", async () => {
  const { repo, family } = repositoryWithRelease();
  repo.addFile("digits-n", "digits-n/revocations.json", "{}", {
    ...{ schema: 1, kind: "revocations", model: "digits-n", sha256: ["ab".repeat(32)], below: 1 },
  });
  family.publish();
  const { trust, refresh } = await trustingDevice(repo);
  expect(trust.list()).toBeUndefined();
  expect(await refresh()).toBe("held");
  const list = trust.list();
  const sha256 = hashOf("model digits-n 1");
  expect(list?.artefacts).toMatchObject([
    {
      path: "digits-n/1/any/model.onnx",
      address: `targets/digits-n/1/any/${sha256}.model.onnx`,
      bytes: 16,
      sha256,
    },
  ]);
  expect(list?.artefacts[0]?.about).toMatchObject({
    release: 1,
    golden: { path: "digits-n/1/any/golden.json" },
  });
  expect([...(list?.companions.keys() ?? [])].sort()).toEqual([
    "digits-n/1/any/blocks",
    "digits-n/1/any/golden.json",
  ]);
  expect(list?.revocations).toMatchObject([{ model: "digits-n", below: 1 }]);
  const [online] = repo.signers.get("timestamp") ?? [];
  expect(list?.onlineKeys).toEqual(new Map([[online?.id, online?.written.keyval.public]]));
  expect(list?.expiresAtMs).toBe(Date.parse(repo.timestamp.expires));
  expect(list?.versions).toEqual({ root: repo.root.version, timestamp: repo.timestamp.version });
});

test("what was verified is known again after a restart without a network, however old it is", async () => {
  const { repo } = repositoryWithRelease();
  const device = await trustingDevice(repo);
  await device.refresh();
  const later = createFakeClock({ startAt: beginning + 10 * 365 * 86_400_000 });
  const offline = await device.again({ origins: [], clock: later });
  expect(offline.trust.list()).toEqual(device.trust.list());
  expect(await offline.refresh()).toBe("repository_unreachable");
});

test("a model that is wanted only now does not hide what is known of the others", async () => {
  const { repo } = repositoryWithRelease();
  addFamily(repo, "shapes-n").publish();
  const device = await trustingDevice(repo);
  await device.refresh();
  const offline = await device.again({ origins: [], models: () => ["shapes-n", "digits-n"] });
  expect(offline.trust.list()?.artefacts).toHaveLength(1);
});

test("only the wanted families are fetched", async () => {
  const { repo } = repositoryWithRelease();
  addFamily(repo, "shapes-n").publish();
  const device = await trustingDevice(repo, { models: () => ["shapes-n", "nowhere", "root", "constructor"] });
  expect(await device.refresh()).toBe("held");
  expect(repo.asked).toContain("1.shapes-n.json");
  expect(repo.asked.join()).not.toContain("digits-n");
});

test.each([
  ["a kind that nobody knows", { kind: "hologram" }],
  ["no release", { release: undefined }],
  ["a fraction for a number", { memoryMb: "64" }],
  ["a schema of the future", { schema: 2 }],
  ["a path that leads elsewhere", { release: 5 }],
])("a file with %s is not there, and the others are", async (_, changed) => {
  const { repo, family } = repositoryWithRelease();
  family.add(2, changed);
  family.publish();
  const device = await trustingDevice(repo);
  expect(await device.refresh()).toBe("held");
  expect(device.trust.list()?.artefacts.map(({ about }) => about.release)).toEqual([1]);
});

test.each([
  ["no SHA-256", { hashes: { sha512: "ab".repeat(64) } }],
  ["an impossible length", { length: 2 ** 60 }],
  ["no bytes at all", { length: 0 }],
  ["no words about it", { custom: undefined }],
])("a file with %s in its entry is not there", async (_, changed) => {
  const { repo, family } = repositoryWithRelease();
  Object.assign(family.list.targets[family.add(2)] ?? {}, changed);
  family.publish();
  const device = await trustingDevice(repo);
  expect(await device.refresh()).toBe("held");
  expect(device.trust.list()?.artefacts.map(({ about }) => about.release)).toEqual([1]);
});

test.each([
  "digits-n/../../etc/model.onnx",
  "digits-n/2/any/../model.onnx",
  "digits-n//any/model.onnx",
  "digits-n/2/any/.hidden",
])("a file at %s is not there", async (path) => {
  const { repo, family } = repositoryWithRelease();
  const good = family.list.targets["digits-n/1/any/golden.json"];
  if (good) family.list.targets[path] = good;
  family.publish();
  const device = await trustingDevice(repo);
  expect(await device.refresh()).toBe("held");
  expect(device.trust.list()?.companions.has(path)).toBe(false);
});

test("a poll that finds nothing new takes two requests and writes nothing", async () => {
  const { repo } = repositoryWithRelease();
  const device = await trustingDevice(repo);
  await device.refresh();
  const [files, generation] = [new Map(device.disk.files), device.state.state.generation];
  const spentMs: number[] = [];
  for (let poll = 0; poll < 5; poll += 1) {
    repo.asked.length = 0;
    const before = process.cpuUsage();
    expect(await device.refresh()).toBe("held");
    const { user, system } = process.cpuUsage(before);
    spentMs.push((user + system) / 1_000);
    expect(repo.asked).toEqual(["2.root.json", "timestamp.json"]);
  }
  expect(repo.latest("timestamp").byteLength).toBeLessThanOrEqual(1_500);
  // The least of a few: the process also does what has nothing to do with this.
  expect(Math.min(...spentMs)).toBeLessThanOrEqual(50);
  expect(device.disk.files).toEqual(files);
  expect(device.state.state.generation).toBe(generation);
});

test("that lists were found fresh is noted once an hour at most", async () => {
  const repo = simulateRepository();
  const clock = createFakeClock();
  const device = await trustingDevice(repo, { clock });
  await device.refresh();
  const { checkedAtMs } = device.state.state.trust;
  clock.advance(3_600_000);
  await device.refresh();
  expect(device.state.state.trust).toMatchObject({ generation: 1, checkedAtMs: checkedAtMs + 3_600_000 });
});

test("old generations go, the newest and the one before it stay", async () => {
  const { repo, family } = repositoryWithRelease();
  const device = await trustingDevice(repo);
  for (let release = 2; release <= 5; release += 1) {
    await device.refresh();
    family.add(release);
    family.publish();
  }
  const folders = new Set(
    [...device.disk.files.keys()].flatMap((path) => /trust\/(\d+)/.exec(path)?.[1] ?? []),
  );
  expect([...folders].sort()).toEqual(["3", "4"]);
  expect(device.state.state.trust.generation).toBe(4);
});

test("refreshes that are asked for at once run one after the other", async () => {
  const { repo } = repositoryWithRelease();
  const device = await trustingDevice(repo);
  expect(await Promise.all([device.refresh(), device.refresh(), device.refresh()])).toEqual([
    "held",
    "held",
    "held",
  ]);
  expect(device.state.state.trust.generation).toBe(1);
});

test("a disk that fails at any call leaves all as it was, and the next refresh holds", async () => {
  const { repo, family } = repositoryWithRelease();
  const disk = createMemoryDisk();
  const device = await trustingDevice(repo, { disk });
  await device.refresh();
  family.add(2);
  family.publish();
  const first = repo.published1();
  for (let failing = 1; ; failing += 1) {
    const copy = createMemoryDisk();
    for (const [path, bytes] of disk.files) copy.files.set(path, Buffer.from(bytes));
    let [calls, broken] = [0, true];
    const fs = touchyDisk(copy, (call, path) => {
      if (call === "remove") return;
      calls += 1;
      if (broken && calls >= failing) throw Object.assign(new Error(path), { code: "ENOSPC" });
    });
    const state = await openState({ fs: copy, folder: "/data" });
    const opened = await openState({ fs, folder: "/data" }).catch(() => state);
    const clock = createFakeClock();
    const deps = {
      folder: "/data/trust",
      origins: [repo.origin()],
      firstRoot: first,
      clock,
      models: () => ["digits-n"],
    };
    calls = 0;
    const trust = await openTrust({ ...deps, fs, state: opened });
    const before = opened.state.trust;
    const signal = new AbortController().signal;
    const failed = await trust.refresh({ signal }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!failed) return expect(failing).toBeGreaterThan(10);
    expect(failed).toBeInstanceOf(TradewindError);
    expect(opened.state.trust).toEqual(before);
    expect(trust.list()?.artefacts).toHaveLength(1);
    broken = false;
    await trust.refresh({ signal });
    expect(trust.list()?.artefacts).toHaveLength(2);
  }
});

test("a refresh that is given up changes nothing", async () => {
  const { repo } = repositoryWithRelease();
  const { trust, state } = await trustingDevice(repo);
  const refreshed = trust.refresh({ signal: AbortSignal.abort() });
  await expect(refreshed).rejects.toMatchObject({ code: "repository_unreachable" });
  expect(state.state.trust.generation).toBe(0);
});

test("without any place to ask the repository is unreachable", async () => {
  const device = await trustingDevice(simulateRepository(), { origins: [] });
  expect(await device.refresh()).toBe("repository_unreachable");
});
