import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listImages, spread } from "#inference/quantize/list-images.ts";
import { readTruth } from "#inference/quantize/measure/read-truth.ts";

const demo = join(import.meta.dirname, "../../../../inference/models/demo");

async function folder(files: Readonly<Record<string, string>>): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "truth-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const box = { x1: 1, y1: 2, x2: 3, y2: 4 };
const one = { objects: [{ class: 3, name: "three", box }] };

test("the truth of the committed samples is read, of images that lie in the folder", async () => {
  const labelled = await readTruth(join(demo, "samples"));
  expect(labelled).toHaveLength(24);
  expect(labelled[0]?.truth[0]).toMatchObject({ class: 1, box: { x1: 204, y1: 246, x2: 237, y2: 298 } });
});

test("no name in the truth leads out of the folder", async () => {
  await using place = await folder({
    "truth.json": JSON.stringify({ "../../../etc/hostname": one, "a.jpg": one, "gone.jpg": one }),
    "a.jpg": "",
  });
  expect(await readTruth(place.path)).toEqual([
    { file: join(place.path, "a.jpg"), truth: [{ class: 3, box }] },
  ]);
});

test.each([
  ["no file at all", {}],
  ["no JSON", { "truth.json": "{" }],
  [
    "a class that is none",
    { "truth.json": JSON.stringify({ "a.jpg": { objects: [{ class: -1, box }] } }), "a.jpg": "" },
  ],
  [
    "a box without a side",
    { "truth.json": JSON.stringify({ "a.jpg": { objects: [{ class: 1, box: {} }] } }), "a.jpg": "" },
  ],
  ["only images that are not there", { "truth.json": JSON.stringify({ "a.jpg": one }) }],
])("a folder of truth with %s is refused", async (_, files) => {
  await using place = await folder(files);
  await expect(readTruth(place.path)).rejects.toMatchObject({ code: "folder_unusable" });
});

test("the images of a folder come in the order of their names, of many as many as wanted from all over", async () => {
  await using place = await folder({ "b.PNG": "", "a.jpg": "", "c.webp": "", "d.txt": "", "e.jpeg": "" });
  const { files, found } = await listImages(place.path, 10);
  expect(files.map((file) => file.slice(place.path.length + 1))).toEqual([
    "a.jpg",
    "b.PNG",
    "c.webp",
    "e.jpeg",
  ]);
  expect(found).toBe(4);
  expect((await listImages(place.path, 2)).files).toEqual([files[0], files[2]]);
  expect(spread([1, 2, 3, 4, 5], 5)).toEqual([1, 2, 3, 4, 5]);
});

test("a folder without images, or none, is refused", async () => {
  await using place = await folder({ "d.txt": "" });
  await expect(listImages(place.path, 10)).rejects.toMatchObject({ code: "folder_unusable" });
  await expect(listImages(join(place.path, "none"), 10)).rejects.toMatchObject({ code: "folder_unusable" });
});
