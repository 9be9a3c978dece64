import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Detection } from "#inference/contract.ts";
import { findProgram } from "#test/support/find-program.ts";
import { launchTradewind, type Tradewind } from "#test/support/launch-tradewind.ts";
import { fences } from "#test/support/markdown.ts";

const root = join(import.meta.dirname, "../..");
const stack = new AsyncDisposableStack();
let product: Tradewind;
/** What the examples print, made from an answer that was asked for without them. */
let expected: string;
/** Where the page's blocks run: with a photo, and the client as if it were installed. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "examples-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const args = ["infra/main.ts", "start", "--port", "0", "--data", join(folder, "data")];
  product = stack.use(await launchTradewind({ command: process.execPath, args, cwd: root }));
  expected = await ask();
  await copyFile(product.imagePath, join(folder, "photo.jpg"));
  await installClient(join(folder, "node_modules/tradewind"));
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

const page = await readFile(join(root, "gateway/examples/README.md"), "utf8");

const blocks = page.split(/^## /m).flatMap((section) => {
  const heading = section.slice(0, section.indexOf("\n"));
  return fences(section).map(({ language, text }) => ({ heading, language, text }));
});

/** What each block of a section prints, whatever its language. */
const printed: Readonly<Record<string, RegExp>> = {
  "One image": /\b9\b.*0\.9/,
  "Several images": /\b9\b[\s\S]*\b9\b/,
  "JSON with base64": /^\{"request_id":.*"detections":\[\{"name":"9"/,
  "Another format": /"bbox":\[\d+/,
  Parameters: /"name":"9","class":9/,
  "A pinned version": /"name":"digits-s"[\s\S]*"versions":\["1"\][\s\S]*"version":"1"/,
  "What the cache says": /cache-status: tradewind; hit[^\n]*\n[\s\S]*cache-status: tradewind; fwd=bypass/i,
  "The same request twice": /idempotent-replayed: true/i,
  "What was used": /"month":"20\d\d-\d\d".*"images":[1-9]/,
  "When something goes wrong": /404[^\n]*model_unknown|model_unknown[^\n]*retryable/,
  "The Open Inference Protocol": /"name":"boxes"/,
};

const commands: Readonly<
  Record<string, { readonly run: readonly string[]; readonly needs: readonly string[] }>
> = {
  sh: { run: ["sh", "-e"], needs: ["sh", "curl", "base64"] },
  ts: { run: [process.execPath], needs: [] },
  python: { run: ["python3"], needs: ["python3"] },
};

test("the page of examples has each section in each language", () => {
  const wanted = Object.keys(printed).flatMap((heading) =>
    Object.keys(commands).map((language) => ({ heading, language })),
  );
  expect(blocks.map(({ heading, language }) => ({ heading, language }))).toEqual(wanted);
});

test.for(blocks)("the block '$heading' in $language does what its page says", async (block, { skip }) => {
  const { heading, language, text } = block;
  const { run: [command = "none", ...before] = [], needs = [] } = commands[language] ?? {};
  const missing = needs.filter((program) => findProgram(program) === undefined);
  skip(missing.length > 0, `there is no ${missing.join(", no ")} here`);
  const file = join(folder, `block.${language}`);
  await writeFile(file, text);
  const { stdout } = await promisify(execFile)(command, [...before, file], {
    cwd: folder,
    env: environment(product.key),
    maxBuffer: 4_194_304,
  });
  expect(stdout).toMatch(printed[heading] ?? /no such section/);
});

/** What `npm install` would put there leads to the sources here. */
async function installClient(to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const manifest = { name: "tradewind", type: "module", exports: { "./client": "./client.js" } };
  await writeFile(join(to, "package.json"), JSON.stringify(manifest));
  const client = pathToFileURL(join(root, "gateway/client/client.ts"));
  await writeFile(join(to, "client.js"), `export * from ${JSON.stringify(client.href)};\n`);
}

function environment(key: string): NodeJS.ProcessEnv {
  return { ...process.env, TRADEWIND_URL: new URL(product.detectUrl).origin, TRADEWIND_KEY: key };
}

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
  const args = [join("gateway/examples", file), product.imagePath];
  return promisify(execFile)(command, args, { cwd: root, env: environment(key) });
}
