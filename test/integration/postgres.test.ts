import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { openDatabase, type Query } from "#infra/runtime/postgres/database.ts";
import { openEmbeddedPostgres } from "#infra/runtime/postgres/embedded.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { usualPath } from "#infra/runtime/postgres/spawn-quietly.ts";
import { freePort } from "#test/support/free-port.ts";
import {
  isRunning,
  othersMayEnterPrograms,
  startPostgres,
  type ThrowAwayPostgres,
} from "#test/support/postgres.ts";

let shared: ThrowAwayPostgres;
let root: string;
beforeAll(async () => {
  shared = await startPostgres();
  root = await mkdtemp(join(tmpdir(), "postgres-test-"));
});
afterAll(async () => {
  await shared[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

async function migrationsIn(name: string, files: Record<string, string>): Promise<URL> {
  const folder = join(root, name);
  await mkdir(folder, { recursive: true });
  for (const [file, sql] of Object.entries(files)) await writeFile(join(folder, file), sql);
  return pathToFileURL(`${folder}/`);
}

async function freshDatabase(name: string) {
  await using admin = await openDatabase({ url: shared.url });
  await admin.query(`CREATE DATABASE ${name}`);
  return openDatabase({ url: shared.url.replace(/\/postgres$/, `/${name}`) });
}

test("what was written is there after a restart, and the password stays the owner's alone", async () => {
  const folder = join(root, "restart");
  await using first = await openEmbeddedPostgres({ folder });
  {
    await using database = await openDatabase({ url: first.url });
    await database.query("CREATE TABLE kept (word text)");
    await database.query("INSERT INTO kept VALUES ($1)", ["yes"]);
  }
  await first.close();
  await first.close();
  expect(await isRunning(first.pid)).toBe(false);
  await using second = await openEmbeddedPostgres({ folder });
  await using database = await openDatabase({ url: second.url });
  expect(await database.query("SELECT word FROM kept")).toEqual([{ word: "yes" }]);
  expect((await stat(join(folder, "password"))).mode & 0o777).toBe(0o600);
});

test.skipIf(process.getuid?.() !== 0)("root in a folder that only root may enter gets a server", async () => {
  const folder = join(root, "private");
  await mkdir(folder, { mode: 0o700 });
  await using server = await openEmbeddedPostgres({ folder: join(folder, "deep", "data") });
  await using database = await openDatabase({ url: server.url });
  expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test.skipIf(process.getuid?.() !== 0)(
  "root without user namespaces gets a server as another user, again and again",
  async (context) => {
    if (!(await othersMayEnterPrograms()))
      context.skip("the programs lie in a folder that only root may enter");
    await chmod(root, 0o755);
    const folder = join(root, "as-nobody", "data");
    for (const expected of [[], [{ n: 1 }]]) {
      await using server = await openEmbeddedPostgres({ folder, path: "/nowhere" });
      await using database = await openDatabase({ url: server.url });
      await database.query("CREATE TABLE IF NOT EXISTS kept (n integer)");
      expect(await database.query("SELECT n FROM kept")).toEqual(expected);
      await database.query("INSERT INTO kept VALUES (1)");
      expect((await stat(join(folder, "cluster"))).uid).toBe(65_534);
      expect((await stat(join(folder, "password"))).mode & 0o777).toBe(0o600);
    }
  },
);

test.skipIf(process.getuid?.() !== 0)(
  "a database that root made one way opens the other way too",
  async (context) => {
    if (!(await othersMayEnterPrograms()))
      context.skip("the programs lie in a folder that only root may enter");
    await chmod(root, 0o755);
    const folder = join(root, "both-ways", "data");
    for (const path of [usualPath, "/nowhere", usualPath]) {
      await using server = await openEmbeddedPostgres({ folder, path });
      await using database = await openDatabase({ url: server.url });
      expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    }
  },
);

test("a killed owner leaves no server behind, and the next one opens the same folder", async () => {
  const folder = join(root, "killed");
  const holder = fork(new URL("../support/hold-postgres.ts", import.meta.url), [folder]);
  const [{ pid }] = (await once(holder, "message")) as [{ pid: number }];
  expect(await isRunning(pid)).toBe(true);
  await expect(openEmbeddedPostgres({ folder })).rejects.toThrow(`is in use by process ${holder.pid}`);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await using server = await openEmbeddedPostgres({ folder });
  expect(await isRunning(pid)).toBe(false);
  expect(server.pid).not.toBe(pid);
});

test("a cluster that is broken is refused with the server's own reason, and the folder is free again", async () => {
  const folder = join(root, "broken");
  await (await openEmbeddedPostgres({ folder })).close();
  await rm(join(folder, "cluster", "global"), { recursive: true });
  for (let tries = 0; tries < 2; tries += 1) {
    await expect(openEmbeddedPostgres({ folder })).rejects.toThrow(
      /cannot start \(.*(No such file|could not)/,
    );
  }
});

test("an initdb that was cut short is made anew", async () => {
  const folder = join(root, "half-made");
  await mkdir(join(folder, "unfinished", "cluster", "base"), { recursive: true });
  await writeFile(join(folder, "password"), "from the first try");
  await using server = await openEmbeddedPostgres({ folder });
  await using database = await openDatabase({ url: server.url });
  expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("a database that lost a file it is known by is left as it is, password and all", async () => {
  const folder = join(root, "lost");
  await (await openEmbeddedPostgres({ folder })).close();
  const password = await readFile(join(folder, "password"), "utf8");
  const version = await readFile(join(folder, "cluster", "PG_VERSION"), "utf8");
  await rm(join(folder, "cluster", "PG_VERSION"));
  await expect(openEmbeddedPostgres({ folder })).rejects.toMatchObject({ code: "folder_unusable" });
  await writeFile(join(folder, "cluster", "PG_VERSION"), version);
  await writeFile(join(folder, "password"), "");
  await expect(openEmbeddedPostgres({ folder })).rejects.toMatchObject({ code: "folder_unusable" });
  await writeFile(join(folder, "password"), "wrong");
  await expect(openEmbeddedPostgres({ folder })).rejects.toThrow(
    "the password beside the database does not open it",
  );
  await writeFile(join(folder, "password"), password);
  await (await openEmbeddedPostgres({ folder })).close();
});

test("nobody at the address and a wrong password are told apart, and no message holds the password", async () => {
  const nobody = openDatabase({ url: `postgres://me:hunter2@127.0.0.1:${await freePort()}/x` });
  await expect(nobody).rejects.toThrow(
    /^cannot reach PostgreSQL at postgres:\/\/127\.0\.0\.1:\d+\/x \(ECONNREFUSED\)$/,
  );
  const wrong = new URL(shared.url);
  wrong.password = "hunter2";
  await expect(openDatabase({ url: wrong.href })).rejects.toThrow(/\(wrong user or password\)$/);
});

test("a transaction that throws leaves nothing behind, and its connection is not used again", async () => {
  await using database = await freshDatabase("transactions");
  await database.query("CREATE TABLE t (n integer)");
  const failing = database.transaction(async (query) => {
    await query("INSERT INTO t VALUES (1)");
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await database.query("SELECT n FROM t")).toEqual([]);
});

test("a statement that was given up before it began is not sent", async () => {
  await using database = await openDatabase({ url: shared.url });
  await expect(
    database.query("SELECT 1", [], { signal: AbortSignal.abort(new Error("gone")) }),
  ).rejects.toThrow("gone");
});

test("whoever waits for another's migration gives up when told to", async () => {
  await using database = await freshDatabase("locked");
  const folder = await migrationsIn("locked", { "0001-a.sql": "CREATE TABLE a (n integer)" });
  const done = Promise.withResolvers<void>();
  const holding = Promise.withResolvers<void>();
  const other = database.transaction(async (query) => {
    await query("SELECT pg_advisory_xact_lock(2018104523)");
    holding.resolve();
    await done.promise;
  });
  await holding.promise;
  const stop = new AbortController();
  const waiting = migrate(database, folder, { signal: stop.signal });
  stop.abort(new Error("told to stop"));
  await expect(waiting).rejects.toThrow("told to stop");
  done.resolve();
  await other;
  expect(await migrate(database, folder)).toEqual(["0001-a.sql"]);
});

test("a running statement ends with its signal's reason", async () => {
  await using database = await openDatabase({ url: shared.url });
  const stop = new AbortController();
  const running = database.query("SELECT pg_sleep(20)", [], { signal: stop.signal });
  stop.abort(new Error("told to stop"));
  await expect(running).rejects.toThrow("told to stop");
});

test("whoever waits for a connection gives up when told to, and the connection goes to the next", async () => {
  await using database = await openDatabase({ url: shared.url, connections: 1, connectTimeoutMs: 20_000 });
  const done = Promise.withResolvers<void>();
  const holder = database.transaction(() => done.promise);
  const stop = new AbortController();
  const waiting = database.query("SELECT 1", [], { signal: stop.signal });
  stop.abort(new Error("told to stop"));
  await expect(waiting).rejects.toThrow("told to stop");
  done.resolve();
  await holder;
  expect(await database.query("SELECT 2 AS two")).toEqual([{ two: 2 }]);
});

test("a transaction that is given up between its statements changes nothing", async () => {
  await using database = await freshDatabase("given_up");
  await database.query("CREATE TABLE t (n integer)");
  const stop = new AbortController();
  const work = database.transaction(
    async (query) => {
      await query("INSERT INTO t VALUES (1)");
      stop.abort(new Error("told to stop"));
      await query("INSERT INTO t VALUES (2)");
    },
    { signal: stop.signal },
  );
  await expect(work).rejects.toThrow("told to stop");
  expect(await database.query("SELECT n FROM t")).toEqual([]);
});

test("a connection that is lost in a statement or between two is told as such", async () => {
  await using database = await openDatabase({ url: shared.url });
  await using other = await openDatabase({ url: shared.url });
  const pidOf = async (query: Query): Promise<unknown> => {
    const [pid] = await query("SELECT pg_backend_pid() AS pid", [], {
      parse: (row) => z.object({ pid: z.number() }).parse(row).pid,
    });
    return pid;
  };
  const isThere = async (pid: unknown): Promise<boolean> =>
    (await other.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [pid])).length > 0;
  const during = database.transaction(async (query) => {
    const pid = await pidOf(query);
    const running = query("SELECT pg_sleep(20)");
    await Promise.all([running, other.query("SELECT pg_terminate_backend($1)", [pid])]);
  });
  await expect(during).rejects.toMatchObject({ code: "database_unavailable" });
  const between = database.transaction(async (query) => {
    const pid = await pidOf(query);
    await other.query("SELECT pg_terminate_backend($1)", [pid]);
    await expect.poll(() => isThere(pid)).toBe(false);
    await query("SELECT 1");
  });
  await expect(between).rejects.toMatchObject({ code: "database_unavailable" });
  expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("a server that gives no answer is told as such, except to those who said they would wait", async () => {
  await using database = await openDatabase({ url: shared.url, answerTimeoutMs: 100 });
  await expect(database.query("SELECT pg_sleep(20)")).rejects.toMatchObject({
    code: "database_unavailable",
  });
  const wait = database.transaction((query) => query("SELECT 1 AS one FROM pg_sleep(0.4)"), {
    patient: true,
  });
  expect(await wait).toEqual([{ one: 1 }]);
});

test("four processes' worth of migrating at once applies each file exactly once", async () => {
  await using database = await freshDatabase("together");
  const folder = await migrationsIn("together", {
    "0001-a.sql": "CREATE TABLE a (n integer)",
    "0002-b.sql": "INSERT INTO a VALUES (1)",
  });
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(database, folder)));
  expect(applied.filter((names) => names.length > 0)).toEqual([["0001-a.sql", "0002-b.sql"]]);
  expect(await database.query("SELECT n FROM a")).toEqual([{ n: 1 }]);
  expect(await migrate(database, folder)).toEqual([]);
});

test("a migration that fails leaves the database as it was", async () => {
  await using database = await freshDatabase("failing");
  const folder = await migrationsIn("failing", {
    "0001-a.sql": "CREATE TABLE a (n integer)",
    "0002-b.sql": "NONSENSE",
  });
  await expect(migrate(database, folder)).rejects.toThrow("syntax error");
  await expect(database.query("SELECT * FROM a")).rejects.toThrow('relation "a" does not exist');
});
