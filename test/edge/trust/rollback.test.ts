import { expect, test } from "vitest";
import { simulateRepository } from "#test/support/edge/simulated-repository.ts";
import { stepwiseClient } from "#test/support/edge/trusting-device.ts";

test("an older timestamp is refused", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.publish("timestamp");
  await client.refresh();
  repo.timestamp.version = 0;
  repo.publish("timestamp");
  expect(await client.refresh()).toBe("repository_refused");
  expect(client.version("timestamp")).toBe(2);
  expect(repo.asked.at(-1)).toBe("timestamp.json");
});

test.each([false, true])(
  "an older snapshot under a newer timestamp is refused (hashes: %s)",
  async (hashes) => {
    const repo = simulateRepository();
    const client = stepwiseClient(repo);
    repo.namesHashes = hashes;
    repo.publish("snapshot", "timestamp");
    await client.refresh();
    repo.snapshot.version = 0;
    repo.publish("snapshot", "timestamp");
    expect(await client.refresh()).toBe("repository_refused");
    expect(client.versions()).toMatchObject({ timestamp: 2, snapshot: 2 });
    expect(repo.asked.at(-1)).toBe("timestamp.json");
  },
);

test.each([false, true])(
  "an older targets list under newer lists is refused (hashes: %s)",
  async (hashes) => {
    const repo = simulateRepository();
    const client = stepwiseClient(repo);
    repo.namesHashes = hashes;
    repo.publish("targets", "snapshot", "timestamp");
    await client.refresh();
    repo.targets.version = 0;
    repo.publish("targets", "snapshot", "timestamp");
    expect(await client.refresh()).toBe("repository_refused");
    expect(client.versions()).toMatchObject({ snapshot: 2, targets: 2 });
  },
);

test("a family that vanishes from the snapshot is missed", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.delegate({ name: "digits-n" });
  repo.publish("digits-n", "targets", "snapshot", "timestamp");
  await client.refresh();
  delete repo.snapshot.meta["digits-n.json"];
  repo.publish("snapshot", "timestamp");
  expect(await client.refresh()).toBe("repository_refused");
  expect(client.version("snapshot")).toBe(2);
});

test("a new snapshot key lets targets begin anew after absurd versions", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.delegate({ name: "digits-n" });
  repo.publish("digits-n");
  repo.targets.version = 99;
  repo.publish("targets", "snapshot", "timestamp");
  await client.refresh();
  expect(client.version("targets")).toBe(100);
  repo.rotateKeys("snapshot");
  repo.targets.version = 0;
  repo.publish("root", "targets");
  delete repo.snapshot.meta["digits-n.json"];
  repo.publish("snapshot", "timestamp");
  expect(await client.refresh()).toBe("held");
  expect(client.version("targets")).toBe(1);
});

test("new snapshot and timestamp keys let the snapshot begin anew", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.snapshot.version = 99;
  repo.publish("snapshot", "timestamp");
  await client.refresh();
  repo.rotateKeys("snapshot");
  repo.rotateKeys("timestamp");
  repo.snapshot.version = 0;
  repo.publish("root", "targets", "snapshot", "timestamp");
  expect(await client.refresh()).toBe("held");
  expect(client.version("snapshot")).toBe(1);
});

test("a new timestamp key lets the timestamp begin anew, and only once", async () => {
  const repo = simulateRepository();
  const client = stepwiseClient(repo);
  repo.timestamp.version = 99;
  repo.publish("timestamp");
  await client.refresh();
  repo.rotateKeys("timestamp");
  repo.timestamp.version = 0;
  repo.publish("root", "timestamp");
  expect(await client.refresh()).toBe("held");
  expect(client.version("timestamp")).toBe(1);
  repo.publish("timestamp");
  expect(await client.refresh()).toBe("held");
  repo.timestamp.version = 0;
  repo.publish("timestamp");
  expect(await client.refresh()).toBe("repository_refused");
});
