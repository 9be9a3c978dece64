import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "#test/support/run-tradewind.ts";

export const model = "digits-n";

/** Folders of models: the same weights twice, as a release that changes nothing they say, and spoilt ones. */
export type Weights = AsyncDisposable & {
  readonly one: string;
  readonly two: string;
  readonly wrong: string;
};

export async function prepareWeights(): Promise<Weights> {
  const folder = await mkdtemp(join(tmpdir(), "weights-"));
  const place = (name: string): string => join(folder, name);
  for (const name of ["one", "two", "wrong"]) {
    await mkdir(place(name));
    const from = join(repository, "inference/models/demo", model);
    await cp(from, join(place(name), model), { recursive: true });
  }
  await spoil(join(place("wrong"), model, "1", "model.onnx"));
  return {
    ...{ one: place("one"), two: place("two"), wrong: place("wrong") },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The numbers of the largest layer come to lie where others were: a file as good as before, which finds other things. */
async function spoil(file: string): Promise<void> {
  const bytes = await readFile(file);
  const [from, length] = largestWeights(bytes);
  const turn = Math.floor(length / 8) * 4;
  const part = Buffer.from(bytes.subarray(from, from + length));
  bytes.set(part.subarray(turn), from);
  bytes.set(part.subarray(0, turn), from + length - turn);
  await writeFile(file, bytes);
}

/** Of a tensor's field 9, which in ONNX is its bytes: where they begin, and how many. */
function largestWeights(bytes: Buffer): readonly [from: number, length: number] {
  let found: readonly [number, number] = [0, 0];
  for (let at = 0; at < bytes.length - 4; at += 1) {
    if (bytes[at] !== 0x4a) continue;
    const [first = 0, second = 0, third = 0] = bytes.subarray(at + 1, at + 4);
    const isThree = first > 127 && second > 127 && third > 0 && third < 128;
    const length = (first & 127) + (second & 127) * 128 + third * 16_384;
    if (isThree && length % 4 === 0 && length > found[1] && at + 4 + length < bytes.length)
      found = [at + 4, length];
  }
  return found;
}
