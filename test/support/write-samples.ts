import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { type Scene, type SceneOptions, scene } from "./scenes.ts";

type Sample = { readonly file: string; readonly seed: number; readonly options: SceneOptions };

const demo = join(import.meta.dirname, "../../inference/models/demo");
const firstSeed = 3_500_000;
const sizes = [
  { width: 320, height: 320, count: 13, unrest: 1 },
  { width: 640, height: 480, count: 5, unrest: 1 },
  { width: 480, height: 640, count: 4, unrest: 0.8 },
  { width: 1280, height: 720, count: 2, unrest: 0.5 },
];

await mkdir(join(demo, "samples"), { recursive: true });
const truth = await Promise.all([...sampleScenes(), readmeScene()].map(write));
await writeFile(join(demo, "samples/truth.json"), `${JSON.stringify(Object.fromEntries(truth))}\n`);

/** Pictures of forms that no training saw, in the sizes that callers send. */
function sampleScenes(): Sample[] {
  const shapes = sizes.flatMap(({ count, ...shape }) => Array.from({ length: count }, () => shape));
  return shapes.map((shape, index) => ({
    file: `samples/${String(index + 1).padStart(2, "0")}-${shape.width}x${shape.height}.jpg`,
    seed: firstSeed + index,
    options: { ...shape, split: "held-out" },
  }));
}

/** A calm picture for a first try. */
function readmeScene(): Sample {
  const options = { width: 1280, height: 720, split: "held-out", unrest: 0.1, most: 5 } as const;
  return { file: "sample.jpg", seed: 3_600_016, options };
}

async function write({ file, seed, options }: Sample): Promise<[file: string, truth: object]> {
  const made = scene(seed, options);
  await writeFile(join(demo, file), await jpegOf(made));
  const { width, height, objects } = made;
  return [file, { width, height, objects }];
}

async function jpegOf({ width, height, pixels }: Scene): Promise<Buffer> {
  const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
  return await picture.jpeg({ quality: 90 }).toBuffer();
}
