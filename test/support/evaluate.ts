import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Box, Detection } from "#inference/contract.ts";
import { type Judged, type MeanAveragePrecision, meanAveragePrecision } from "./mean-average-precision.ts";

/** A labelled picture as a caller would send it. */
export type Sample = {
  readonly file: string;
  readonly jpeg: Buffer;
  readonly objects: readonly { readonly name: string; readonly class: number; readonly box: Box }[];
};

/** How well a detector does on samples; it sees one at a time, so that a device can be judged as well. */
export async function evaluate(
  detect: (jpeg: Buffer) => Promise<readonly Detection[]>,
  samples: readonly Sample[],
): Promise<MeanAveragePrecision> {
  const judged: Judged[] = [];
  for (const { jpeg, objects } of samples) judged.push({ detections: await detect(jpeg), truth: objects });
  return meanAveragePrecision(judged);
}

/** The committed samples of a demo folder, in the order of their names; `sample.jpg` is none of them. */
export async function readSamples(demo: string): Promise<Sample[]> {
  const truth: Record<string, Pick<Sample, "objects">> = JSON.parse(
    await readFile(join(demo, "samples/truth.json"), "utf8"),
  );
  const files = Object.keys(truth).filter((file) => file.startsWith("samples/"));
  return await Promise.all(
    files.sort().map(async (file) => {
      const jpeg = await readFile(join(demo, file));
      return { file, jpeg, objects: truth[file]?.objects ?? [] };
    }),
  );
}
