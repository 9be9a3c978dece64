import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import { type ServedRepository, serveRepository } from "#test/support/edge/serve-repository.ts";
import { type SimulatedRepository, simulateRepository } from "#test/support/edge/simulated-repository.ts";

/** The command line that the official suite drives, with the suite's cases of fetched files. */
let folder: string;
let repo: SimulatedRepository;
let served: ServedRepository;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tuf-client-"));
  // Its client is a process of its own, by the real time.
  repo = simulateRepository({ now: clock.now() });
  served = await serveRepository(repo);
  await writeFile(join(folder, "first.json"), repo.published1());
  expect(await client("init", join(folder, "first.json"))).toBe(0);
});

afterEach(async () => {
  await served[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function client(...rest: readonly string[]): Promise<number> {
  const program = join(import.meta.dirname, "../../e2e/edge/tuf-client.ts");
  const flags = ["--metadata-dir", join(folder, "metadata"), "--metadata-url", `${served.url}/metadata`];
  const args = ["--no-warnings", program, ...flags, ...rest];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 25_000 }, (error) =>
      resolve(error ? Number(error.code ?? 1) : 0),
    );
  });
}

function download(...paths: readonly string[]): Promise<number> {
  const targets = ["--target-base-url", `${served.url}/targets`, "--target-dir", folder];
  return client(...paths.flatMap((path) => ["--target-name", path]), ...targets, "download");
}

const fetched = (path: string): Promise<string> => readFile(join(folder, encodeURIComponent(path)), "utf8");
const publish = (): void => repo.publish("targets", "snapshot", "timestamp");

test("the lists that hold lie in the folder as they came, and a refusal is exit code 1", async () => {
  expect(await client("refresh")).toBe(0);
  const names = await readdir(join(folder, "metadata"));
  expect(names.sort()).toEqual(["root.json", "snapshot.json", "targets.json", "timestamp.json"]);
  repo.timestamp.version = -1;
  repo.publish("timestamp");
  expect(await client("refresh")).toBe(1);
  expect(await client("dance")).toBe(1);
});

test("a listed file is fetched, in folders too, and not a second time", async () => {
  repo.addFile("targets", "file.txt", "content");
  repo.addFile("targets", "path/to/a/file.txt", "content below");
  publish();
  expect(await download("file.txt", "path/to/a/file.txt")).toBe(0);
  expect([await fetched("file.txt"), await fetched("path/to/a/file.txt")]).toEqual([
    "content",
    "content below",
  ]);
  expect(await download("file.txt")).toBe(0);
  expect(served.files).toHaveLength(2);
});

test("a file that became another is fetched anew, and one that was swapped is not taken", async () => {
  repo.addFile("targets", "file.txt", "first");
  publish();
  expect(await download("file.txt")).toBe(0);
  repo.addFile("targets", "file.txt", "second");
  publish();
  expect(await download("file.txt")).toBe(0);
  expect(await fetched("file.txt")).toBe("second");
  repo.addFile("targets", "file.txt", "third");
  publish();
  for (const address of repo.files.keys()) repo.files.set(address, Buffer.from("malicious"));
  expect(await download("file.txt")).toBe(1);
  expect(await fetched("file.txt")).toBe("second");
});

test.each([
  ["sha512", true],
  ["sha-unknown", false],
])("a file that is listed with %s alone is fetched: %s", async (algorithm, holds) => {
  const { createHash } = await import("node:crypto");
  const value = createHash("sha512").update("content").digest("hex");
  repo.targets.targets["file.txt"] = { length: 7, hashes: { [algorithm]: value } };
  repo.files.set(`targets/${value}.file.txt`, Buffer.from("content"));
  publish();
  expect(await download("file.txt")).toBe(holds ? 0 : 1);
});
