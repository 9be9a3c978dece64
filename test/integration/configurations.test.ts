import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { beginConfiguration, refuseUnservable } from "#gateway/fleet/begin-configuration.ts";
import { configInPostgres } from "#gateway/fleet/config-source.ts";
import {
  listConfigurations,
  newestConfiguration,
  publishConfiguration,
  readConfiguration,
  rollBackConfiguration,
} from "#gateway/records/configurations.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import { createLog } from "#infra/runtime/log.ts";
import { configText } from "#test/support/live-fleet.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";

let records: MigratedPostgres;
let database: MigratedPostgres["database"];
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await database.query("ALTER TABLE configurations DISABLE TRIGGER ALL");
  await database.query("DELETE FROM configurations");
  await database.query("ALTER TABLE configurations ENABLE TRIGGER ALL");
});

const actor = { id: "test" };
const publish = (text: string, more: Partial<Parameters<typeof publishConfiguration>[1]> = {}) =>
  publishConfiguration(database, { text, source: "admin", actor, ...more });
const history = async () =>
  (await listConfigurations(database.query, { most: 100 })).map(({ version, source }) => [version, source]);
const newestText = async () => (await newestConfiguration(database.query, 0))?.text;

test("configurations have numbers without gaps, and the newest of them is what counts", async () => {
  expect(await newestText()).toBeUndefined();
  expect(await publish("a")).toMatchObject({ isNew: true, entry: { version: 1, source: "admin" } });
  await expect(publish("b", { note: "x".repeat(501) })).rejects.toThrow("note");
  expect(await publish("b", { note: "why" })).toMatchObject({ entry: { version: 2, note: "why" } });
  expect(await publish("b")).toMatchObject({ isNew: false, entry: { version: 2 } });
  expect(await newestText()).toBe("b");
  expect(await newestConfiguration(database.query, 2)).toBeUndefined();
  expect(await readConfiguration(database.query, 1)).toMatchObject({ text: "a", actor: "test" });
  expect(await listConfigurations(database.query, { before: 2, most: 5 })).toMatchObject([{ version: 1 }]);
});

test("many who publish at once get each a number of their own, in the order in which it counts", async () => {
  const done = await Promise.all(Array.from({ length: 12 }, (_, n) => publish(`text ${n}`)));
  const versions = done.map(({ entry }) => entry.version);
  expect(versions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => n + 1));
  expect(await newestText()).toBe(`text ${versions.indexOf(12)}`);
});

test("a change that starts from another version than the newest is refused, and nothing is lost", async () => {
  await publish("a");
  await publish("b", { expected: 1 });
  await expect(publish("c", { expected: 1 })).rejects.toThrow("is version 2 by now, and not 1");
  await expect(rollBackConfiguration(database, { actor, expected: 1 })).rejects.toThrow("version 2");
  expect(await newestText()).toBe("b");
});

test("a rollback publishes the version before as a new one, and a second one returns", async () => {
  await expect(rollBackConfiguration(database, { actor })).rejects.toThrow("no configuration before");
  await publish("a");
  await expect(rollBackConfiguration(database, { actor })).rejects.toThrow("no configuration before");
  await publish("b");
  expect(await rollBackConfiguration(database, { actor })).toMatchObject({
    isNew: true,
    to: 1,
    entry: { version: 3, source: "rollback", note: "as version 1" },
  });
  expect(await newestText()).toBe("a");
  await rollBackConfiguration(database, { actor });
  expect(await newestText()).toBe("b");
  expect(await rollBackConfiguration(database, { actor, to: 2 })).toMatchObject({ isNew: false });
  await expect(rollBackConfiguration(database, { actor, to: 99 })).rejects.toThrow("no version 99");
});

test("a version that nobody could serve any more is not rolled back to, and nothing is published", async () => {
  await publish("routes: of another time");
  await publish(configText({ a: "http://127.0.0.1:1" }));
  const rolledBack = rollBackConfiguration(database, { actor, check: refuseUnservable });
  await expect(rolledBack).rejects.toThrow("configuration 1 has");
  expect(await history()).toHaveLength(2);
});

test("a file that comes late undoes nothing, while one that is changed back and forth counts each time", async () => {
  const byFile = (text: string, byFileAfter: number) =>
    publish(text, { source: "file", unless: { byFileAfter } });
  await byFile("a", 0);
  await byFile("b", 1);
  await rollBackConfiguration(database, { actor });
  // The second gateway was last looked at when the first version was the newest.
  expect(await byFile("b", 1)).toMatchObject({ isNew: false, entry: { version: 3 } });
  expect(await newestText()).toBe("a");
  expect(await byFile("b", 3)).toMatchObject({ isNew: true, entry: { version: 4 } });
  expect(await history()).toEqual([
    [4, "file"],
    [3, "rollback"],
    [2, "file"],
    [1, "file"],
  ]);
});

test("a configuration that was published is neither changed nor removed", async () => {
  await publish("a");
  for (const text of [
    "UPDATE configurations SET text = 'b'",
    "DELETE FROM configurations",
    "TRUNCATE configurations",
  ]) {
    await expect(database.query(text)).rejects.toThrow("only ever added");
  }
});

test("text that cannot be kept is refused in a sentence", async () => {
  for (const text of ["", "a\0b", "x".repeat(1_048_577)]) {
    await expect(publish(text)).rejects.toMatchObject({ code: "parameter_invalid" });
  }
  const within = { tenant: "else", scopes: new Set<"admin">(["admin"]), models: "all" } as const;
  await expect(publish("a", { actor: { id: "t", within } })).rejects.toThrow("only an administrator");
});

const good = (name: string): string => configText({ [name]: "http://127.0.0.1:1" });

async function begin(text: string) {
  const source = configInPostgres({ database, url: records.postgres.url, clock, name: "gateway:test" });
  const log = createLog({ name: "test", level: "silent" });
  const { signal } = new AbortController();
  return await beginConfiguration({ source, file: "tradewind.yaml", text, log, signal });
}

test("a gateway begins with its file if that is new to the fleet, and with the newest if it is not", async () => {
  expect(await begin(good("a"))).toMatchObject({ version: 1, text: good("a") });
  await publish(good("b"));
  expect(await begin(good("a"))).toMatchObject({ version: 2, text: good("b"), fileText: good("a") });
  expect(await begin(good("c"))).toMatchObject({ version: 3, text: good("c") });
  expect((await newestConfiguration(database.query, 0))?.actor).toBe("gateway:test");
});

test("a gateway begins with its file where what is published is nothing to it", async () => {
  await begin(good("a"));
  await publish("of the future: yes");
  expect(await begin(good("a"))).toMatchObject({ version: 0, text: good("a") });
});
