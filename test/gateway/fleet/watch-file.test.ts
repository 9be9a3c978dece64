import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchFile } from "#gateway/fleet/watch-file.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "watch-file-"));
  file = join(folder, "tradewind.yaml");
  await writeFile(file, "one");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Watches by events alone, unless told to look: an hour passes between two looks. */
function watched({ at = file, pollMs = 3_600_000, settleMs = 10 } = {}) {
  let told = 0;
  const onChange = (): void => {
    told += 1;
  };
  const watching = watchFile({ file: at, onChange, clock, pollMs, settleMs });
  const after = async (times: number) =>
    await vi.waitFor(() => expect(told).toBe(times), { interval: 5, timeout: 5_000 });
  return { told: () => told, after, [Symbol.asyncDispose]: watching.close };
}

test("a file is told of at the beginning, and when it is written or another takes its place", async () => {
  await using watching = watched();
  await watching.after(1);
  await writeFile(file, "two");
  await watching.after(2);
  await writeFile(join(folder, "new"), "three");
  await rename(join(folder, "new"), file);
  await watching.after(3);
});

test("a file that goes is told of, and again when it comes back", async () => {
  await using watching = watched();
  await watching.after(1);
  await unlink(file);
  await watching.after(2);
  await writeFile(file, "again");
  await watching.after(3);
});

test("a volume that exchanges a link on the way to the file is seen through", async () => {
  for (const version of ["a", "b"]) {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, "config"), version);
  }
  await symlink("a", join(folder, "..data"));
  const at = join(folder, "linked");
  await symlink("..data/config", at);
  await using watching = watched({ at });
  await watching.after(1);
  await symlink("b", join(folder, "..next"));
  await rename(join(folder, "..next"), join(folder, "..data"));
  await watching.after(2);
});

test("a file that is written piece by piece is told of once, when it rests", async () => {
  await using watching = watched({ settleMs: 150 });
  await watching.after(1);
  for (let piece = 0; piece < 4; piece += 1) {
    await writeFile(file, "x".repeat(piece * 10));
    await clock.sleep(5);
  }
  expect(watching.told()).toBe(1);
  await watching.after(2);
});

test("what happens beside the file is not told", async () => {
  await using watching = watched();
  await watching.after(1);
  for (let n = 0; n < 20; n += 1) await writeFile(join(folder, "log"), `${n}`);
  await writeFile(file, "two");
  await watching.after(2);
});

test("a folder that tells nothing is looked at each second", async () => {
  const fake = createFakeClock();
  const missing = join(folder, "later", "tradewind.yaml");
  let told = 0;
  const onChange = (): void => {
    told += 1;
  };
  await using _ = watchFile({ file: missing, onChange, clock: fake });
  const advanceUntil = async (times: number) =>
    await vi.waitFor(() => {
      fake.advance(1_000);
      expect(told).toBe(times);
    });
  await advanceUntil(1);
  await mkdir(join(folder, "later"));
  await writeFile(missing, "there");
  await advanceUntil(2);
});
