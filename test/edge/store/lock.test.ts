import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FolderLock, lockFolder } from "#edge/store/lock.ts";
import { readProcess } from "#edge/store/running-process.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";

const { pid } = process;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tradewind-lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function leave(number: number, text: string): Promise<void> {
  await mkdir(join(folder, "lock"), { recursive: true });
  await writeFile(join(folder, "lock", String(number)), text);
}

test("a folder has one agent, and whoever comes second is told which process that is", async () => {
  await using lock = await lockFolder({ folder, pid, chance });
  expect(lock.isHeld).toBe(true);
  await expect(lockFolder({ folder, pid, chance })).rejects.toMatchObject({
    code: "agent_running",
    message: expect.stringContaining(`process ${pid} `),
  });
});

test("a folder that was given back, and given back twice, is free for the next", async () => {
  const lock = await lockFolder({ folder, pid, chance });
  await lock[Symbol.asyncDispose]();
  await using next = await lockFolder({ folder, pid, chance });
  await lock[Symbol.asyncDispose]();
  expect(next.isHeld).toBe(true);
  await expect(lockFolder({ folder, pid, chance })).rejects.toMatchObject({ code: "agent_running" });
  expect(await readdir(join(folder, "lock"))).toEqual(["2"]);
});

test.each<readonly [string, () => Promise<string>]>([
  ["of a process that had our number before us", async () => JSON.stringify({ ...(await dead()), pid })],
  [
    "of before the machine was started anew",
    async () => JSON.stringify({ ...(await dead()), ...(await readProcess(pid)), boot: "another" }),
  ],
  ["of a process that is gone", async () => JSON.stringify({ ...(await dead()), pid: 4_190_000 })],
  ["that a power cut left empty", async () => ""],
  ["that a power cut left as zeros", async () => "\0".repeat(90)],
])("a lock %s is taken over", async (_, text) => {
  await leave(5, await text());
  await using lock = await lockFolder({ folder, pid, chance });
  expect(lock.isHeld).toBe(true);
  expect(await readdir(join(folder, "lock"))).toEqual(["6"]);
});

test("of many that start at the same instant on a dead one's folder, one has it", async () => {
  for (let round = 0; round < 20; round += 1) {
    await rm(join(folder, "lock"), { recursive: true, force: true });
    if (round % 2 === 0) await leave(round + 1, JSON.stringify(await dead()));
    const starts = Array.from({ length: 8 }, () => lockFolder({ folder, pid, chance }));
    const ends = await Promise.allSettled(starts);
    const locks = ends.flatMap((end): FolderLock[] => (end.status === "fulfilled" ? [end.value] : []));
    const refused = ends.flatMap((end) => (end.status === "rejected" ? [end.reason.code] : []));
    expect([locks.length, new Set(refused)]).toEqual([1, new Set(["agent_running"])]);
    for (const lock of locks) await lock[Symbol.asyncDispose]();
  }
});

test("a file in the lock's place is said to be unusable", async () => {
  await writeFile(join(folder, "lock"), "");
  await expect(lockFolder({ folder, pid, chance })).rejects.toMatchObject({ code: "folder_unusable" });
});

/** Began at the beginning of time, which no process of now did. */
async function dead() {
  return { ...(await readProcess(pid)), pid, began: "0", released: false };
}
