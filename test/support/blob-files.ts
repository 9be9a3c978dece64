import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";

/** A folder that goes with the test. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "tradewind-blobs-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A file that a failed download may not touch. */
export async function oldFile(): Promise<string> {
  const path = join(await folder(), "model.onnx");
  await writeFile(path, "old");
  return path;
}

export async function expectOnlyOld(path: string): Promise<void> {
  expect(await readdir(join(path, ".."))).toEqual(["model.onnx"]);
  expect(await readFile(path, "utf8")).toBe("old");
}

export async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
