import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lockFolder } from "#edge/store/lock.ts";
import { openDisk } from "#edge/store/open-disk.ts";
import { openState } from "#edge/store/open-state.ts";
import { openShelf } from "#edge/store/shelf.ts";
import { activate, beginTrial, endProbation } from "#edge/store/steps.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { model, soundOn } from "#test/support/edge/play-device.ts";
import { smallRelease } from "#test/support/edge/small-release.ts";

const run = promisify(execFile);
const { signal } = new AbortController();
const fs = openDisk();
const release = smallRelease(1, { bytes: 100_000 });

let folder: string;
let disk: string;
let isMounted = false;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tradewind-small-"));
  disk = join(folder, "disk");
  await mkdir(disk);
  isMounted = await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]).then(
    () => true,
    () => false,
  );
});
afterAll(async () => {
  if (isMounted) await run("umount", [disk]);
  await rm(folder, { recursive: true, force: true });
});

async function runningOn(data: string) {
  const store = await openState({ fs, folder: data });
  const shelf = openShelf({ fs, folder: data });
  await fs.open(await shelf.prepare(release.artefact.sha256, { signal })).then(async (file) => {
    await file.writeAt(0, release.bytes);
    await file.close();
  });
  await shelf.put(release, { signal });
  await store.change((state) => beginTrial(state, model, release));
  await store.change((state) => activate(state, model, { now: 1, agreement: null }));
  return { store, shelf };
}

test("a disk that is really full refuses a change, keeps what runs and takes the change once there is room", async (context) => {
  context.skip(
    !isMounted,
    "this process may not mount a disk of its own; the double is tried in disk-full.test.ts",
  );
  const data = join(disk, "full");
  const { store, shelf } = await runningOn(data);
  const before = store.state;
  await writeFile(join(disk, "ballast"), Buffer.alloc(2_000_000)).catch(() => undefined);
  expect(await fs.freeBytes(disk)).toBe(0);
  await expect(shelf.roomFor({ sha256: "0".repeat(64), bytes: 1 })).rejects.toMatchObject({
    code: "disk_full",
  });
  const refused = store.change((state) => endProbation(state, model));
  await expect(refused).rejects.toMatchObject({ code: "disk_full" });
  expect(store.state).toBe(before);
  expect((await openState({ fs, folder: data })).state).toEqual(before);
  expect(await soundOn(shelf)).toContain(release.artefact.sha256);
  expect((await lockFolder({ folder: data, pid: process.pid, chance })).isHeld).toBe(false);
  await rm(join(disk, "ballast"));
  expect((await store.change((state) => endProbation(state, model))).generation).toBe(before.generation + 1);
});

test("a disk that really may only be read is no reason not to start", async (context) => {
  context.skip(
    !isMounted,
    "this process may not mount a disk of its own; the double is tried in disk-full.test.ts",
  );
  const data = join(disk, "still");
  const { store } = await runningOn(data);
  await run("mount", ["-o", "remount,ro", disk]);
  const again = await openState({ fs, folder: data });
  expect(again.state).toEqual(store.state);
  expect(await soundOn(openShelf({ fs, folder: data }))).toContain(release.artefact.sha256);
  const refused = again.change((state) => endProbation(state, model));
  await expect(refused).rejects.toMatchObject({
    code: "disk_full",
    message: expect.stringContaining("EROFS"),
  });
  expect((await lockFolder({ folder: data, pid: process.pid, chance })).isHeld).toBe(false);
  await run("mount", ["-o", "remount,rw", disk]);
  expect((await again.change((state) => endProbation(state, model))).generation).toBe(
    store.state.generation + 1,
  );
});
