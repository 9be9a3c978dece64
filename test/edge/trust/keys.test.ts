import { expect, test } from "vitest";
import { type ListKey, makeListKey } from "#test/support/edge/list-keys.ts";
import { simulateRepository } from "#test/support/edge/simulated-repository.ts";
import { stepwiseClient } from "#test/support/edge/trusting-device.ts";

const signatures = (bytes: Buffer): { signed: object; signatures: { keyid: string; sig: string }[] } =>
  JSON.parse(bytes.toString());

test("two of three demanded signatures are not enough", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  Object.assign(repo.root.roles.snapshot ?? {}, { threshold: 3 });
  repo.addKey("snapshot");
  repo.addKey("snapshot");
  repo.publish("root", "targets", "snapshot", "timestamp");
  expect(await client.refresh()).toBe("held");
  repo.signers.get("snapshot")?.pop();
  repo.publish("targets", "snapshot", "timestamp");
  expect(await client.refresh()).toBe("repository_refused");
  expect(client.version("snapshot")).toBe(2);
});

test("a threshold above the number of keys is never met", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  for (let more = 0; more < 4; more += 1) repo.addKey("snapshot");
  Object.assign(repo.root.roles.snapshot ?? {}, { threshold: 6 });
  repo.publish("root", "snapshot", "timestamp");
  expect(await client.refresh()).toBe("repository_refused");
  expect(client.versions()).not.toHaveProperty("snapshot");
});

test("a key that is named nine times counts once", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  const key = repo.addKey("snapshot");
  const words = {
    ...repo.root,
    roles: { ...repo.root.roles, snapshot: { keyids: Array(9).fill(key.id), threshold: 6 } },
  };
  repo.publish("root", "snapshot", "timestamp");
  const { signed } = signatures(repo.latest("root"));
  const text = Buffer.from(JSON.stringify({ signatures: [], signed: { ...signed, roles: words.roles } }));
  repo.published.set("2.root.json", text);
  expect(await client.refresh()).toBe("repository_refused");
  expect(client.versions()).not.toHaveProperty("snapshot");
});

test("a signature that is there twice spoils the list", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  const list = signatures(repo.latest("snapshot"));
  list.signatures.push(...list.signatures);
  repo.published.set("1.snapshot.json", Buffer.from(JSON.stringify(list)));
  expect(await client.refresh()).toBe("repository_refused");
  expect(client.versions()).not.toHaveProperty("snapshot");
});

test.each(["rsa", "ecdsa", "ed25519"] as const)(
  "a root signed with %s holds, and not with another's signature",
  async (kind) => {
    const repo = simulateRepository();
    const client = stepwiseClient(repo);
    const key = repo.addKey("root", makeListKey(kind));
    Object.assign(repo.root.roles.root ?? {}, { threshold: 2 });
    repo.publish("root");
    expect(await client.refresh()).toBe("held");
    expect(client.version("root")).toBe(2);
    const old = signatures(repo.latest("root")).signatures.find(({ keyid }) => keyid === key.id);
    repo.publish("root");
    const list = signatures(repo.latest("root"));
    for (const each of list.signatures) if (each.keyid === key.id) each.sig = old?.sig ?? "";
    repo.published.set("3.root.json", Buffer.from(JSON.stringify(list)));
    expect(await client.refresh()).toBe("repository_refused");
    expect(client.version("root")).toBe(2);
  },
);

test.each(["ab".repeat(64), ""])("beside one good signature a bad one is no hindrance (%s)", async (sig) => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  const [first] = repo.signers.get("timestamp") ?? [];
  repo.addKey("timestamp");
  repo.publish("root", "timestamp");
  const list = signatures(repo.latest("timestamp"));
  for (const each of list.signatures) if (each.keyid === first?.id) each.sig = sig;
  repo.published.set("timestamp.json", Buffer.from(JSON.stringify(list)));
  expect(await client.refresh()).toBe("held");
});

type Step = {
  readonly keys: readonly number[];
  readonly threshold: number;
  readonly sigs: readonly number[];
};
const step = (keys: readonly number[], threshold: number, sigs: readonly number[]): Step => ({
  keys,
  threshold,
  sigs,
});
const five = [0, 1, 2, 3, 4];
const otherFive = [0, 1, 3, 4, 5];

const rootCourses: readonly (readonly [string, boolean, readonly Step[]])[] = [
  ["one key follows another", true, [step([1], 1, [1]), step([2], 1, [2, 1]), step([2], 1, [2])]],
  [
    "signatures that nobody asked for",
    true,
    [step([1], 1, [3, 1, 4]), step([2], 1, [3, 2, 1, 4]), step([2], 1, [3, 2, 4])],
  ],
  [
    "any three of five",
    true,
    [step(five, 3, [0, 2, 4]), step(five, 3, [0, 4, 1]), step(five, 3, [0, 1, 3]), step(five, 3, [0, 1, 3])],
  ],
  ["one of five follows another", true, [step(five, 3, [0, 2, 4]), step(otherFive, 3, [0, 4, 1])]],
  [
    "one of five with a step between",
    true,
    [step(five, 3, [0, 2, 4]), step(otherFive, 3, [0, 2, 4, 5]), step(otherFive, 3, [0, 4, 5])],
  ],
  [
    "all five with a step between",
    true,
    [
      step(five, 3, [0, 2, 4]),
      step([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]),
      step([5, 6, 7, 8, 9], 3, [5, 6, 7]),
    ],
  ],
  ["a threshold that grows", true, [step([1, 2, 3], 1, [1]), step([1, 2, 3], 2, [1, 2])]],
  [
    "a threshold that falls",
    true,
    [step([1, 2, 3], 2, [1, 2]), step([1, 2, 3], 1, [1, 2]), step([1, 2, 3], 1, [1])],
  ],
  ["a threshold that grows with a key", true, [step([1], 1, [1]), step([1, 2], 2, [1, 2])]],
  ["without the old key", false, [step([1], 1, [1]), step([2], 1, [2, 3, 4])]],
  ["without the new key", false, [step([1], 1, [1]), step([2], 1, [1, 3, 4])]],
  ["without three of the new", false, [step(five, 3, [0, 2, 4]), step(otherFive, 3, [0, 2, 4])]],
  ["without three of the old", false, [step(five, 3, [0, 2, 4]), step(otherFive, 3, [0, 4, 5])]],
  ["below the new threshold", false, [step([1, 2, 3], 1, [1]), step([1, 2, 3], 2, [2])]],
  ["below the old threshold", false, [step([1, 2, 3], 2, [1, 2]), step([1, 2, 3], 1, [1])]],
];

function setKeys(
  repo: ReturnType<typeof simulateRepository>,
  role: string,
  keys: readonly ListKey[],
  { keys: holders, threshold, sigs }: Step,
): void {
  const pick = (numbers: readonly number[]): ListKey[] => numbers.flatMap((number) => keys[number] ?? []);
  repo.root.roles[role] = { keyids: pick(holders).map(({ id }) => id), threshold };
  for (const key of pick(holders)) repo.root.keys[key.id] = key.written;
  repo.signers.set(role, pick(sigs));
}

test.each(rootCourses)("root keys change: %s (holds: %s)", async (_, holds, steps) => {
  const repo = simulateRepository();
  const keys = Array.from({ length: 10 }, () => makeListKey());
  repo.root.version = 0;
  for (const each of steps) {
    setKeys(repo, "root", keys, each);
    repo.publish("root");
  }
  repo.publish("targets", "snapshot", "timestamp");
  const client = stepwiseClient(repo, { firstRoot: repo.published1() });
  expect(await client.refresh()).toBe(holds ? "held" : "repository_refused");
  expect(client.version("root")).toBe(holds ? steps.length : steps.length - 1);
});

const otherCourses: readonly (readonly [string, boolean, Step])[] = [
  ["a new key", true, step([2], 1, [2])],
  ["signatures that nobody asked for", true, step([1], 1, [3, 1, 4])],
  ["not the new key", false, step([2], 1, [1, 3, 4])],
  ["one of three by a key that does not count", false, step(otherFive, 3, [0, 2, 4])],
  ["two of three", false, step(otherFive, 3, [0, 4])],
  ["three of five, one way", true, step(five, 3, [0, 2, 4])],
  ["three of five, another way", true, step(five, 3, [0, 4, 1])],
  ["three of five, a third way", true, step(five, 3, [0, 1, 3])],
  ["three of five, a fourth way", true, step(five, 3, [1, 2, 3])],
  ["three of five, a fifth way", true, step(five, 3, [2, 3, 4])],
];

test.each(otherCourses)(
  "keys of timestamp, snapshot and targets change: %s (holds: %s)",
  async (_, holds, change) => {
    const repo = simulateRepository();
    const client = stepwiseClient(repo);
    const keys = Array.from({ length: 10 }, () => makeListKey());
    for (const role of ["timestamp", "snapshot", "targets"]) {
      setKeys(repo, role, keys, change);
      repo.publish("root", "targets", "snapshot", "timestamp");
      expect(await client.refresh()).toBe(holds ? "held" : "repository_refused");
      if (holds) expect(client.raw(role)?.equals(repo.latest(role))).toBe(true);
    }
  },
);
