import { expect, test } from "vitest";
import { makeListKey } from "#test/support/edge/list-keys.ts";
import { signWords, simulateRepository } from "#test/support/edge/simulated-repository.ts";
import { stepwiseClient } from "#test/support/edge/trusting-device.ts";
import { beginning } from "#test/support/fake-clock.ts";

const day = 86_400_000;

test("a first refresh asks for the next root and then for each list once", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  expect(await client.refresh()).toBe("held");
  expect(repo.asked).toEqual(["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]);
});

test.each(["root", "timestamp", "snapshot", "targets"])(
  "what is kept of %s is what was published",
  async (role) => {
    const repo = simulateRepository();
    const client = stepwiseClient(repo);
    await client.refresh();
    expect(client.raw(role)?.equals(repo.latest(role))).toBe(true);
  },
);

test("looking for a file refreshes the lists, also when there is no such file", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  expect(await client.download("nonexistent")).not.toBe("held");
  expect(client.versions()).toEqual({ root: 1, snapshot: 1, targets: 1, timestamp: 1 });
});

test("a first root without a version is refused before anything is asked", async () => {
  const repo = simulateRepository();
  const words = JSON.parse(repo.published1().toString());
  delete words.signed.version;
  const client = stepwiseClient(repo, { firstRoot: Buffer.from(JSON.stringify(words)) });
  expect(await client.refresh()).toBe("repository_refused");
  expect(repo.asked).toEqual([]);
});

test("a first root that is not signed by its own keys is refused before anything is asked", async () => {
  const repo = simulateRepository();
  const words = JSON.parse(repo.published1().toString());
  words.signatures[0].sig = "ab".repeat(64);
  const client = stepwiseClient(repo, { firstRoot: Buffer.from(JSON.stringify(words)) });
  expect(await client.refresh()).toBe("repository_refused");
  expect(repo.asked).toEqual([]);
});

test.each([
  ["root", { root: 1 }],
  ["timestamp", { root: 2 }],
  ["snapshot", { root: 2, timestamp: 2 }],
  ["targets", { root: 2, snapshot: 2, timestamp: 2 }],
])("a %s list without its signature ends the refresh there", async (role, versions) => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.signers.set(role, []);
  repo.publish("root", "targets", "snapshot", "timestamp");
  expect(await client.refresh()).toBe("repository_refused");
  expect(client.versions()).toEqual(versions);
});

test.each([
  ["root", { root: 1 }],
  ["snapshot", { root: 2, timestamp: 2 }],
  ["targets", { root: 2, snapshot: 2, timestamp: 2 }],
])("a %s list with another version than its address is refused", async (role, versions) => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  const list = repo.lists.get(role);
  const right = JSON.parse(JSON.stringify(repo.snapshot.meta));
  if (list) list.version += 1;
  repo.publish(role);
  repo.published.set(`2.${role}.json`, repo.latest(role));
  repo.published.delete(`3.${role}.json`);
  if (role === "targets") repo.snapshot.meta = { ...right, "targets.json": { version: 2 } };
  repo.publish(...["root", "targets", "snapshot"].filter((name) => name !== role && name !== "targets"));
  if (role === "snapshot") repo.timestamp.meta = { "snapshot.json": { version: 2 } };
  repo.publish("timestamp");
  expect(await client.refresh()).toBe("repository_refused");
  expect(client.versions()).toEqual(versions);
});

test("a timestamp with other words under the same version is no news", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  await client.refresh();
  repo.timestamp.meta = { "snapshot.json": { version: 100 } };
  repo.timestamp.version = 0;
  repo.publish("timestamp");
  expect(await client.refresh()).toBe("held");
  expect(repo.asked.at(-1)).toBe("timestamp.json");
  expect(JSON.parse(client.raw("timestamp")?.toString() ?? "").signed.meta["snapshot.json"].version).toBe(1);
});

test("lists whose hashes and lengths are named hold", async () => {
  const repo = simulateRepository();
  repo.namesHashes = true;
  repo.publish("targets", "snapshot", "timestamp");
  expect(await stepwiseClient(repo).refresh()).toBe("held");
});

test.each([
  ["targets", "snapshot", { snapshot: 3, targets: 2 }],
  ["snapshot", "timestamp", { timestamp: 3, snapshot: 2 }],
] as const)("a %s list with another hash than named is refused", async (role, namedBy, versions) => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.namesHashes = true;
  repo.publish("targets", "snapshot", "timestamp");
  await client.refresh();
  repo.publish(role);
  const meta = repo[namedBy].meta[`${role}.json`];
  if (meta) meta.hashes = { sha256: "0".repeat(64) };
  repo.publish(...(role === "targets" ? ["snapshot", "timestamp"] : ["timestamp"]));
  expect(await client.refresh()).toBe("repository_refused");
  expect(client.versions()).toMatchObject(versions);
});

test("a list is kept as it came, with every blank", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.published.set("timestamp.json", Buffer.concat([repo.latest("timestamp"), Buffer.from(" ")]));
  await client.refresh();
  expect(client.raw("timestamp")?.equals(repo.latest("timestamp"))).toBe(true);
});

test("fields that nobody knows are signed for and no hindrance", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  await client.refresh();
  repo.addKey("root", makeListKey("ed25519", { "extra-field": { a: 1, b: 2 } }));
  Object.assign(repo.root, { "custom-field": "value" });
  Object.assign(repo.root.roles.root ?? {}, { "another-field": "value" });
  repo.publish("root");
  expect(await client.refresh()).toBe("held");
  expect(client.version("root")).toBe(2);
});

test("a key's old word about hashes of its name changes nothing", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  await client.refresh();
  repo.rotateKeys("snapshot");
  repo.signers.set("snapshot", []);
  if (repo.root.roles.snapshot) repo.root.roles.snapshot.keyids = [];
  repo.addKey("snapshot", makeListKey("ed25519", { keyid_hash_algorithms: "md5" }));
  repo.publish("root", "snapshot", "timestamp");
  expect(await client.refresh()).toBe("held");
  expect(client.versions()).toMatchObject({ root: 2, snapshot: 2 });
});

test.each([
  ["snapshot", "2.snapshot.json", { root: 1, snapshot: 1, targets: 1, timestamp: 2 }],
  ["targets", "2.targets.json", { root: 1, snapshot: 2, targets: 1, timestamp: 2 }],
] as const)("a %s list that is named and not there ends the refresh", async (role, asked, versions) => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  await client.refresh();
  if (role === "snapshot") repo.timestamp.meta = { "snapshot.json": { version: 2 } };
  else repo.snapshot.meta = { "targets.json": { version: 2 } };
  repo.publish(...(role === "targets" ? ["snapshot", "timestamp"] : ["timestamp"]));
  expect(await client.refresh()).toBe("repository_unreachable");
  expect(repo.asked.at(-1)).toBe(asked);
  expect(client.versions()).toEqual(versions);
});

test("a repository without a timestamp is unreachable", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  await client.refresh();
  repo.published.delete("timestamp.json");
  expect(await client.refresh()).toBe("repository_unreachable");
  expect(repo.asked.at(-1)).toBe("timestamp.json");
});

test("a snapshot that is offered as the timestamp is refused, though it is signed well", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  for (const key of repo.signers.get("timestamp") ?? []) repo.addKey("snapshot", key);
  repo.snapshot.meta = { "snapshot.json": { version: 1 } };
  repo.publish("root", "snapshot");
  repo.published.set("timestamp.json", repo.latest("snapshot"));
  expect(await client.refresh()).toBe("repository_refused");
  expect(client.versions()).toEqual({ root: 2 });
});

test("the same lists hold today and have expired after their end", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.root.expires = repo.until(beginning + 7 * day);
  repo.publish("root");
  expect(await client.refresh()).toBe("held");
  expect(await client.refresh({ now: beginning + 8 * day })).toBe("repository_expired");
});

test.each([
  ["root", { root: 3, timestamp: 1, snapshot: 1 }],
  ["timestamp", { root: 2, timestamp: 1, snapshot: 1, targets: 1 }],
  ["snapshot", { root: 2, timestamp: 2, snapshot: 1, targets: 1 }],
  ["targets", { root: 2, timestamp: 2, snapshot: 2, targets: 1 }],
])("a newer %s list that has expired is not taken", async (role, versions) => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.publish("root");
  await client.refresh();
  const list = repo.lists.get(role);
  if (list) list.expires = repo.until(beginning - 5 * day);
  const above = {
    root: ["targets", "snapshot", "timestamp"],
    timestamp: [],
    snapshot: ["timestamp"],
    targets: ["snapshot", "timestamp"],
  };
  repo.publish(role, ...above[role as keyof typeof above]);
  expect(await client.refresh()).toBe("repository_expired");
  expect(client.versions()).toMatchObject(versions);
});

test("a root that expired here leads to the next one that has not", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.root.expires = repo.until(beginning + 7 * day);
  repo.publish("root");
  await client.refresh();
  repo.root.expires = repo.until(beginning + 21 * day);
  repo.publish("root");
  expect(await client.refresh({ now: beginning + 18 * day })).toBe("held");
  expect(client.version("root")).toBe(3);
});

test("a timestamp that expired here is followed by one that has not", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.timestamp.expires = repo.until(beginning + 7 * day);
  repo.publish("timestamp");
  await client.refresh();
  repo.timestamp.expires = repo.until(beginning + 21 * day);
  repo.publish("targets", "snapshot", "timestamp");
  expect(await client.refresh({ now: beginning + 18 * day })).toBe("held");
  expect(client.versions()).toEqual({ root: 1, snapshot: 2, targets: 2, timestamp: 3 });
});

test.each(["?", "#", "/delegatedrole", "../delegatedrole"])(
  "a role named %s is quoted wherever it goes",
  async (name) => {
    const repo = simulateRepository();
    const client = stepwiseClient(repo);
    repo.delegate({ name });
    repo.publish(name, "targets", "snapshot", "timestamp");
    expect(await client.download("nonexistent")).not.toBe("held");
    expect(repo.asked).toContain(`1.${encodeURIComponent(name)}.json`);
    expect(Object.keys(client.versions())).toHaveLength(5);
  },
);

test("lists without versions in their names are followed as well", async () => {
  const repo = simulateRepository();
  repo.root.consistent_snapshot = false;
  repo.publish("root", "targets", "snapshot", "timestamp");
  for (const role of ["snapshot", "targets"]) repo.published.set(`${role}.json`, repo.latest(role));
  expect(await stepwiseClient(repo).refresh()).toBe("held");
  expect(repo.asked.slice(-2)).toEqual(["snapshot.json", "targets.json"]);
});

test("lists that another tool wrote with other blanks and orders of fields hold", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  for (const [name, bytes] of repo.published) {
    const { signed, signatures } = JSON.parse(bytes.toString());
    const turned = Object.fromEntries(Object.entries(signed).reverse());
    repo.published.set(name, Buffer.from(JSON.stringify({ signed: turned, signatures }, null, 3)));
  }
  expect(await client.refresh()).toBe("held");
});

test("words that were changed after they were signed are refused", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  const other = signWords({ ...repo.timestamp, version: 9 }, [makeListKey()]);
  repo.published.set("timestamp.json", other);
  expect(await client.refresh()).toBe("repository_refused");
});

test("words that nobody signed beside those that were are refused", async () => {
  const repo = simulateRepository();
  const words = JSON.parse(repo.latest("timestamp").toString());
  words.signed.meta.constructor = { version: 99 };
  repo.published.set("timestamp.json", Buffer.from(JSON.stringify(words)));
  expect(await stepwiseClient(repo).refresh()).toBe("repository_refused");
});
