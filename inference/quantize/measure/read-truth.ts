import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Judged } from "./mean-average-precision.ts";

/** A labelled image. */
export type Labelled = { readonly file: string; readonly truth: Judged["truth"] };

const box = z.object({ x1: z.number(), y1: z.number(), x2: z.number(), y2: z.number() });

const schema = z.record(
  z.string(),
  z.object({ objects: z.array(z.object({ class: z.int().min(0), box })).max(10_000) }),
);

const mostBytes = 268_435_456;

/** The images of a folder that its `truth.json` says something of: by file, the class and the box of each object in it. */
export async function readTruth(folder: string): Promise<readonly Labelled[]> {
  const path = join(folder, "truth.json");
  const entries = await readEntries(path);
  const labelled: Labelled[] = [];
  for (const [name, { objects }] of entries) {
    // Names may be told from the folder above.
    const file = join(folder, basename(name));
    if (await isFile(file)) labelled.push({ file, truth: objects });
  }
  if (labelled.length > 0) return labelled;
  throw new TradewindError("folder_unusable", `${path} names no image that is in its folder`);
}

async function readEntries(path: string) {
  try {
    const { size } = await stat(path);
    if (size > mostBytes) throw new RangeError(`it has more than ${mostBytes} bytes`);
    return Object.entries(schema.parse(JSON.parse(await readFile(path, "utf8"))));
  } catch (cause) {
    const hint =
      'expected {"FILE": {"objects": [{"class": 0, "box": {"x1": 0, "y1": 0, "x2": 9, "y2": 9}}]}}';
    throw new TradewindError("folder_unusable", `what is in the images cannot be read from ${path}`, {
      cause,
      hint,
    });
  }
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
