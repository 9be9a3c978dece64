import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { Split } from "../../support/digits.ts";
import { shapeAt } from "../../support/scene-shapes.ts";
import { scene } from "../../support/scenes.ts";

export type SceneFolderOptions = { readonly count: number; readonly seed: number; readonly split: Split };

/** A folder of labelled scenes as a camera would send them, with `truth.json` beside them; scene number i has the seed `seed + i`. */
export async function writeSceneFolder(
  folder: string,
  { count, seed, split }: SceneFolderOptions,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const truth: Record<string, object> = {};
  for (let index = 0; index < count; index += 1) {
    const [width, height] = shapeAt(index);
    const { pixels, objects } = scene(seed + index, { width, height, split });
    const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
    const file = `${String(index).padStart(4, "0")}.jpg`;
    await writeFile(join(folder, file), await picture.jpeg({ quality: 90 }).toBuffer());
    truth[file] = { width, height, objects };
  }
  await writeFile(join(folder, "truth.json"), `${JSON.stringify(truth)}\n`);
  return folder;
}
