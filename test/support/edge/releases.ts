import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { detectDefaults } from "#inference/heads/detect.ts";
import { openModel } from "#inference/open-model.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import { seededRandom } from "../random.ts";
import { repository } from "../run-tradewind.ts";

const demo = join(repository, "inference/models/demo");

export const demoModel = (name: "digits-n" | "digits-s"): string => join(demo, name, "1/model.onnx");

/** The demo model's file with a word behind it that changes nothing but the hash: ONNX readers pass unknown fields over. */
export async function variantOf(file: string, word: number, bytes = 64): Promise<Buffer> {
  const random = seededRandom(word);
  const noise = Buffer.from(Uint32Array.from({ length: Math.ceil(bytes / 4) }, () => random.bits()).buffer);
  // A field of ModelProto to whose number nobody has given a meaning.
  return Buffer.concat([await readFile(file), Buffer.from([0xfa, 0x7e]), varint(noise.byteLength), noise]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** Golden answers of a model's own, on some of the committed samples. */
export async function goldenOf(file: string, images = 2): Promise<Buffer> {
  const folder = join(demo, "samples");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jpg")).sort();
  const { signal } = new AbortController();
  await using opened = await openModel(
    { name: "golden", version: "1", path: file },
    { workers: 1, imagesOnly: true, clock, signal },
  );
  const told = [];
  for (const name of names.slice(0, images)) {
    const image = await readFile(join(folder, name));
    const answer = await opened.detect?.(image, { options: detectDefaults, signal });
    const detections = (answer?.detections ?? []).map(({ class: of, score, box }) => ({
      class: of,
      score,
      box,
    }));
    told.push({ name, image: image.toString("base64"), detections });
  }
  return Buffer.from(JSON.stringify({ schema: 1, images: told }));
}
