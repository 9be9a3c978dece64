import { chmod, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chooseLaunch } from "#infra/runtime/postgres/unprivileged.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "unprivileged-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

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
  "root without user namespaces opens a private folder of ours and leaves a public one as it is",
  async () => {
    await chmod(root, 0o755);
    const folder = join(root, "shared-place", "data");
    await mkdir(folder, { recursive: true });
    await chmod(dirname(folder), 0o1777);
    await chmod(folder, 0o700);
    await chooseLaunch({ uid: 0, path: "/nowhere", programs: "/", folder });
    expect((await stat(dirname(folder))).mode & 0o7777).toBe(0o1777);
    expect((await stat(folder)).mode & 0o7777).toBe(0o711);
  },
);

test("an ordinary user starts the server as it is", async () => {
  expect(await chooseLaunch({ uid: 1_000, path: "/nowhere", programs: "/", folder: root })).toEqual({
    prefix: [],
  });
});
