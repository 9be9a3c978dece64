import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Detection } from "#inference/contract.ts";
import { findProgram } from "#test/support/find-program.ts";
import { launchTradewind, type Tradewind } from "#test/support/launch-tradewind.ts";

const root = join(import.meta.dirname, "../..");
const stack = new AsyncDisposableStack();
let product: Tradewind;
/** What the examples print, made from an answer that was asked for without them. */
let expected: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "examples-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const args = ["infra/main.ts", "start", "--port", "0", "--data", join(folder, "data")];
  product = stack.use(await launchTradewind({ command: process.execPath, args, cwd: root }));
  expected = await ask();
});
afterAll(() => stack.disposeAsync());

const examples = [
  { file: "detect.sh", command: "sh", needs: ["sh", "curl"] },
  { file: "detect.ts", command: process.execPath, needs: [] },
  { file: "detect.py", command: "python3", needs: ["python3"] },
];

test.for(examples)("the example $file prints the boxes that the gateway found", async (example, { skip }) => {
  const missing = example.needs.filter((program) => findProgram(program) === undefined);
  skip(missing.length > 0, `there is no ${missing.join(", no ")} here`);
  const { stdout } = await run(example, product.key);
  expect(stdout).toMatch(/^(\d 0\.\d+( \d+(\.\d)?){4}\n)+$/);
  expect(stdout).toBe(expected);
});

test.for(examples)("the example $file fails with the words of the gateway", async (example, { skip }) => {
  const missing = example.needs.filter((program) => findProgram(program) === undefined);
  skip(missing.length > 0, `there is no ${missing.join(", no ")} here`);
  const failure = { code: expect.any(Number), stdout: "", stderr: expect.stringContaining("key_invalid") };
  await expect(run(example, `${product.key}x`)).rejects.toMatchObject(failure);
});

async function ask(): Promise<string> {
  const headers = { authorization: `Bearer ${product.key}` };
  const body = await readFile(product.imagePath);
  const response = await fetch(product.detectUrl, { method: "POST", headers, body });
  const { detections } = (await response.json()) as { readonly detections: readonly Detection[] };
  return detections
    .map(({ name, score, box: { x1, y1, x2, y2 } }) => `${[name, score, x1, y1, x2, y2].join(" ")}\n`)
    .join("");
}

function run({ file, command }: (typeof examples)[number], key: string) {
  const env = { ...process.env, TRADEWIND_URL: new URL(product.detectUrl).origin, TRADEWIND_KEY: key };
  const args = [join("gateway/examples", file), product.imagePath];
  return promisify(execFile)(command, args, { cwd: root, env });
}
