import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFolderSource } from "#inference/models/repository/folder-source.ts";
import type { Control } from "#inference/models/repository/model-repository.ts";
import { openRepository } from "#inference/models/repository/open-repository.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { soon } from "./fake-repository.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "repository-"));
});
afterEach(() => rm(root, { recursive: true }));

/** A file appears whole, as a careful owner puts it there. */
async function put(path: string, text: string): Promise<void> {
  const file = join(root, "models", path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.part`, text);
  await rename(`${file}.part`, file);
}

/** Opens models whose answer is what their file says; one that says "bad" cannot be opened. */
async function open(control: Control) {
  const clock = createFakeClock();
  const opened: { isClosed: boolean }[] = [];
  const repository = await openRepository({
    source: openFolderSource({ folder: join(root, "models"), cache: join(root, "cache"), copy: "all" }),
    open: async ({ path }) => {
      const says = await readFile(path, "utf8");
      if (says === "bad") throw new Error("not a model");
      const model = { isClosed: false };
      opened.push(model);
      return {
        /** The file is read late, as by a thread that takes the place of one that died. */
        answer: async () => {
          if (model.isClosed) throw new Error("closed");
          return await readFile(path, "utf8");
        },
        close: async () => {
          model.isClosed = true;
        },
      };
    },
    control,
    clock,
    signal: new AbortController().signal,
  });
  const ask = async (version?: string): Promise<string> => {
    using lease = repository.lease("a", version);
    await undefined;
    return await lease.loaded.answer();
  };
  return { repository, clock, ask, opened };
}

test("folders are polled: new versions serve, bad ones do not, and no request fails meanwhile", async () => {
  await put("a/1/model.onnx", "one");
  const { repository, clock, ask, opened } = await open({ mode: "poll", everyMs: 1_000 });
  const answers = new Set<string>();
  let isOver = false;
  const traffic = async (): Promise<void> => {
    while (!isOver) answers.add(await ask());
  };
  const callers = Promise.all([traffic(), traffic(), traffic()]);
  const see = (version: string, text: string) =>
    soon(async () => {
      clock.advance(1_000);
      expect(repository.versions("a")).toEqual([version]);
      expect(await ask()).toBe(text);
    });
  await put("a/2/model.onnx", "two");
  await see("2", "two");
  await put("a/3/model.onnx", "bad");
  await soon(async () => {
    clock.advance(1_000);
    const entry = (await repository.index()).find(({ version }) => version === "3");
    expect(entry?.reason).toBe("something went wrong on our side");
  });
  expect(await ask()).toBe("two");
  await put("a/3/model.onnx", "three");
  await see("3", "three");
  await put("a/3/model.onnx", "four");
  await see("3", "four");
  isOver = true;
  await callers;
  expect(answers).toEqual(new Set(["one", "two", "three", "four"]));
  await repository.close();
  expect(opened.every(({ isClosed }) => isClosed)).toBe(true);
  expect(await readdir(join(root, "cache"))).toEqual([]);
});

test("a file that is overwritten in place changes nothing until it is loaded", async () => {
  await put("a/1/model.onnx", "old");
  const { repository, ask } = await open({ mode: "explicit", load: "all" });
  await writeFile(join(root, "models/a/1/model.onnx"), "new");
  expect(await ask()).toBe("old");
  await repository.load("a");
  expect(await ask()).toBe("new");
  await repository.close();
});

test("a pin in model.yaml is held against the file on disk, and a swapped file never serves", async () => {
  const hash = createHash("sha256").update("one").digest("hex");
  await put("a/1/model.onnx", "one");
  await put("a/model.yaml", `sha256: { "1": ${hash} }`);
  const { repository, ask } = await open({ mode: "explicit", load: "all" });
  await put("a/1/model.onnx", "evil");
  await expect(repository.load("a")).rejects.toThrow(`pinned is ${hash.slice(0, 12)}`);
  expect(await ask()).toBe("one");
  expect((await repository.index())[0]).toMatchObject({
    state: "READY",
    reason: expect.stringContaining("model.onnx has SHA-256"),
  });
  await repository.close();
  await expect(open({ mode: "none" })).rejects.toMatchObject({ code: "model_unusable" });
});
