import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { ImageSize } from "#inference/contract.ts";
import type { Sample } from "../../support/evaluate.ts";
import { scene } from "../../support/scenes.ts";
import { yolov8nShape } from "../../support/yolov8n-shape.ts";

/** A model that is measured, and the images it is measured with. */
export type Subject = {
  readonly name: string;
  readonly path: string;
  /** A model repository that holds this model alone. */
  readonly repository: string;
  readonly inputName: string;
  readonly input: ImageSize;
  readonly files: readonly string[];
};

/** Labelled pictures as files, so that every process can read them. */
export async function writeImages(folder: string, many: number): Promise<Sample[]> {
  await mkdir(folder, { recursive: true });
  const samples: Sample[] = [];
  for (let index = 0; index < many; index += 1) {
    const file = join(folder, `${index}.jpg`);
    const [width, height] = [1920, 1080];
    const { pixels, objects } = scene(5_000_000 + index, { width, height, split: "held-out" });
    const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
    const jpeg = await picture.jpeg({ quality: 90 }).toBuffer();
    await writeFile(file, jpeg);
    samples.push({ file, jpeg, objects });
  }
  return samples;
}

/** The demo's larger model: light enough that everything around it shows. */
export async function digitsSubject(
  root: string,
  folder: string,
  files: readonly string[],
): Promise<Subject> {
  const repository = join(folder, "digits-s-models");
  const path = join(repository, "digits-s/1/model.onnx");
  await mkdir(join(repository, "digits-s/1"), { recursive: true });
  await cp(join(root, "inference/models/demo/digits-s/1/model.onnx"), path);
  return {
    name: "digits-s",
    path,
    repository,
    inputName: "images",
    input: { width: 320, height: 320 },
    files,
  };
}

/** What most callers will bring. */
export async function yoloSubject(folder: string, files: readonly string[]): Promise<Subject> {
  const repository = join(folder, "yolov8n-models");
  const path = join(repository, "yolov8n-shape/1/model.onnx");
  await mkdir(join(repository, "yolov8n-shape/1"), { recursive: true });
  await writeFile(path, yolov8nShape());
  return {
    name: "yolov8n-shape",
    path,
    repository,
    inputName: "images",
    input: { width: 640, height: 640 },
    files,
  };
}
