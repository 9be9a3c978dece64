import { expect, test } from "vitest";
import { addFamily } from "#test/support/edge/family.ts";
import { makeListKey } from "#test/support/edge/list-keys.ts";
import {
  type SimulatedRepository,
  signWords,
  simulateRepository,
} from "#test/support/edge/simulated-repository.ts";
import { type TrustingDevice, trustingDevice } from "#test/support/edge/trusting-device.ts";
import { beginning } from "#test/support/fake-clock.ts";

/** A device that has release 1 of a repository that goes on. */
async function syncedDevice() {
  const repo = simulateRepository();
  const family = addFamily(repo);
  family.add(1);
  family.publish();
  const device = await trustingDevice(repo);
  expect(await device.refresh()).toBe("held");
  return { repo, family, device };
}

const releases = ({ trust }: TrustingDevice): readonly number[] =>
  (trust.list()?.artefacts ?? []).map(({ about }) => about.release);

/** Whatever is attacked: refused, and all as it was. */
async function expectRefused(device: TrustingDevice, code = "repository_refused"): Promise<void> {
  const [state, list, files] = [device.state.state, device.trust.list(), new Map(device.disk.files)];
  expect(await device.refresh()).toBe(code);
  expect(device.state.state).toBe(state);
  expect(device.trust.list()).toBe(list);
  expect(device.disk.files).toEqual(files);
}

function saved({ published }: SimulatedRepository): ReadonlyMap<string, Buffer> {
  return new Map(published);
}

function replay({ published }: SimulatedRepository, old: ReadonlyMap<string, Buffer>): void {
  for (const [name, bytes] of old) published.set(name, bytes);
}

test("arbitrary software: a family's list that others signed is refused", async () => {
  const { repo, family, device } = await syncedDevice();
  family.add(2);
  repo.signers.set("digits-n", [makeListKey(), makeListKey()]);
  family.publish();
  await expectRefused(device);
});

test("arbitrary software: whoever holds only the online key cannot name other weights", async () => {
  const { repo, family, device } = await syncedDevice();
  family.add(2);
  repo.signers.set("digits-n", [
    ...(repo.signers.get("timestamp") ?? []),
    ...(repo.signers.get("snapshot") ?? []),
  ]);
  repo.publish("digits-n", "snapshot", "timestamp");
  await expectRefused(device);
});

test.each(["2.root.json", "timestamp.json", "3.snapshot.json", "3.targets.json", "2.digits-n.json"])(
  "endless data in place of %s is cut off at what a list may have",
  async (name) => {
    const { repo, family, device } = await syncedDevice();
    family.add(2);
    family.publish();
    let sent = 0;
    const endless = async function* () {
      for (;;) {
        sent += 1_024;
        yield Buffer.alloc(1_024, 0x7b);
      }
    };
    const instead = (address: string) =>
      address === `metadata/${name}`
        ? { status: 200, headers: { "tradewind-edge": "1" }, body: endless() }
        : undefined;
    const again = await device.again({ origins: [repo.origin({ instead })] });
    await expectRefused(again);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThanOrEqual(5_000_000 + 1_024);
    if (name === "timestamp.json") expect(sent).toBeLessThanOrEqual(16_384 + 1_024);
  },
);

test("extraneous dependencies: a family cannot list what lies under another's name", async () => {
  const { repo, family, device } = await syncedDevice();
  const other = addFamily(repo, "shapes-n");
  other.add(1);
  const foreign = other.list.targets["shapes-n/1/any/model.onnx"];
  if (foreign) family.list.targets["shapes-n/9/any/model.onnx"] = foreign;
  repo.publish("shapes-n");
  family.publish();
  const both = await device.again({ models: () => ["digits-n", "shapes-n"] });
  expect(await both.refresh()).toBe("held");
  expect(both.trust.list()?.artefacts.map(({ path }) => path)).toEqual([
    "digits-n/1/any/model.onnx",
    "shapes-n/1/any/model.onnx",
  ]);
});

test("fast-forward: after absurd versions by a lost online key, new keys lead back and the old ones never again", async () => {
  const { repo, family, device } = await syncedDevice();
  repo.timestamp.version = 2 ** 31;
  repo.snapshot.version = 2 ** 31;
  repo.publish("snapshot", "timestamp");
  expect(await device.refresh()).toBe("held");
  const poisoned = saved(repo);
  repo.rotateKeys("snapshot");
  repo.rotateKeys("timestamp");
  repo.timestamp.version = 0;
  repo.snapshot.version = 0;
  family.add(2);
  repo.publish("root", "digits-n", "targets", "snapshot", "timestamp");
  expect(await device.refresh()).toBe("held");
  expect(releases(device)).toEqual([1, 2]);
  repo.published.set("timestamp.json", poisoned.get("timestamp.json") ?? Buffer.alloc(0));
  await expectRefused(device);
});

test("fast-forward: a family's absurd version ends with its keys", async () => {
  const { repo, family, device } = await syncedDevice();
  family.list.version = 2 ** 31;
  family.publish();
  expect(await device.refresh()).toBe("held");
  const renewed = addFamily(repo);
  repo.signers.set("digits-n", [...renewed.keys]);
  repo.rotateKeys("snapshot");
  renewed.list.version = 0;
  repo.publish("root");
  family.publish();
  expect(await device.refresh()).toBe("held");
});

test("freeze: lists that nobody freshens end, and the device says so", async () => {
  const { repo, device } = await syncedDevice();
  const later = await device.again({
    clock: (await import("#test/support/fake-clock.ts")).createFakeClock({
      startAt: beginning + 31 * 86_400_000,
    }),
  });
  await expectRefused(later, "repository_expired");
  expect(releases(later)).toEqual([1]);
  expect(repo.asked.at(-1)).toBe("timestamp.json");
});

test("malicious mirror: what it changed is refused there, and the gateway's own lists are taken", async () => {
  const { repo, family, device } = await syncedDevice();
  family.add(2);
  family.publish();
  const words = Buffer.from(repo.latest("digits-n").toString().replace("model", "modem"));
  const instead = (address: string) =>
    address.endsWith("2.digits-n.json") ? { status: 200, body: words } : undefined;
  const mirror = { ...repo.origin({ name: "mirror", instead }), isGateway: false };
  const alone = await device.again({ origins: [mirror] });
  await expectRefused(alone);
  const both = await device.again({ origins: [mirror, repo.origin()] });
  expect(await both.refresh()).toBe("held");
  expect(releases(both)).toEqual([1, 2]);
});

test("mix and match: a family's older list under a newer snapshot is refused", async () => {
  const { repo, family, device } = await syncedDevice();
  const old = repo.latest("digits-n");
  family.add(2);
  family.publish();
  repo.published.set("2.digits-n.json", old);
  await expectRefused(device);
});

test("mix and match: the snapshot of another moment is refused", async () => {
  const { repo, family, device } = await syncedDevice();
  const old = repo.latest("snapshot");
  family.add(2);
  family.publish();
  repo.published.set("3.snapshot.json", old);
  await expectRefused(device);
});

test("rollback: everything as it was a release ago is refused", async () => {
  const { repo, family, device } = await syncedDevice();
  const old = saved(repo);
  family.add(2);
  family.publish();
  expect(await device.refresh()).toBe("held");
  replay(repo, old);
  await expectRefused(device);
  expect(releases(device)).toEqual([1, 2]);
});

const torn: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ["cut off", (bytes) => bytes.subarray(0, bytes.byteLength / 2)],
  ["empty", () => Buffer.alloc(0)],
  ["full of NULs", (bytes) => Buffer.alloc(bytes.byteLength)],
  ["half NULs", (bytes) => Buffer.concat([bytes.subarray(0, 200), Buffer.alloc(bytes.byteLength - 200)])],
];
const everyList = ["root", "timestamp", "snapshot", "targets", "digits-n"];

test.each(
  torn.flatMap(([how, tear]) => [...everyList, "every list"].map((which) => [how, which, tear] as const)),
)(
  "kept lists that are %s (%s) are built anew, and older ones are refused all the same",
  async (_, which, tear) => {
    const { repo, family, device } = await syncedDevice();
    const old = saved(repo);
    repo.rotateKeys("timestamp");
    family.add(2);
    repo.publish("root", "digits-n", "targets", "snapshot", "timestamp");
    expect(await device.refresh()).toBe("held");
    const now = saved(repo);
    for (const [path, bytes] of device.disk.files) {
      const isList = path.startsWith("/data/trust/");
      if (isList && (which === "every list" || path.endsWith(`/${which}.json`)))
        device.disk.files.set(path, tear(bytes));
    }
    replay(repo, old);
    repo.published.delete("2.root.json");
    const replayed = await device.again();
    expect(await replayed.refresh()).toBe("repository_refused");
    replay(repo, now);
    const healed = await device.again();
    expect(await healed.refresh()).toBe("held");
    expect(releases(healed)).toEqual([1, 2]);
  },
);

test("lost files do not make a key's rotation count a second time", async () => {
  const { repo, device } = await syncedDevice();
  repo.rotateKeys("timestamp");
  repo.publish("root", "timestamp");
  expect(await device.refresh()).toBe("held");
  const old = saved(repo);
  repo.publish("snapshot", "timestamp");
  expect(await device.refresh()).toBe("held");
  for (const path of device.disk.files.keys())
    if (path.startsWith("/data/trust/")) device.disk.files.delete(path);
  replay(repo, old);
  expect(await (await device.again()).refresh()).toBe("repository_refused");
});

test("key compromise: one of two demanded family keys signs nothing that runs", async () => {
  const { repo, family, device } = await syncedDevice();
  family.add(2);
  repo.signers.set("digits-n", family.keys.slice(0, 1));
  family.publish();
  await expectRefused(device);
});

test("key compromise: one key under two names counts twice nowhere but where its delegator wrote so", async () => {
  const { repo, family, device } = await syncedDevice();
  family.add(2);
  const [key] = family.keys;
  repo.signers.set("digits-n", key ? [key] : []);
  repo.publish("digits-n");
  const list = JSON.parse(repo.latest("digits-n").toString());
  list.signatures.push({ ...list.signatures[0], keyid: family.keys[1]?.id });
  repo.published.set("2.digits-n.json", Buffer.from(JSON.stringify(list)));
  repo.publish("snapshot", "timestamp");
  await expectRefused(device);
});

test("key compromise: a revoked family key signs nothing any longer", async () => {
  const { repo, family, device } = await syncedDevice();
  addFamily(repo);
  repo.signers.set("digits-n", [...family.keys]);
  family.add(2);
  family.publish();
  await expectRefused(device);
});

test("wrong software: what a family says of another's model is not there", async () => {
  const { family, device } = await syncedDevice();
  family.add(2, { model: "shapes-n" });
  family.add(3, { release: 7 });
  family.publish();
  expect(await device.refresh()).toBe("held");
  expect(releases(device)).toEqual([1]);
});

test("wrong software: a family revokes nothing of another's model, nor from another place", async () => {
  const { repo, family, device } = await syncedDevice();
  const about = { schema: 1, kind: "revocations", sha256: [], below: 9 };
  repo.addFile("digits-n", "digits-n/revocations.json", "{}", { ...about, model: "shapes-n" });
  repo.addFile("digits-n", "digits-n/other.json", "{}", { ...about, model: "digits-n" });
  family.publish();
  expect(await device.refresh()).toBe("held");
  expect(device.trust.list()?.revocations).toEqual([]);
});

test("a list signed for one repository is none in another", async () => {
  const { repo, device } = await syncedDevice();
  const other = simulateRepository();
  addFamily(other).publish();
  repo.published.set("timestamp.json", other.latest("timestamp"));
  await expectRefused(device);
  repo.published.set("timestamp.json", signWords(repo.timestamp, other.signers.get("timestamp") ?? []));
  await expectRefused(device);
});
