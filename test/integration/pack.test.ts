import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchTradewind } from "../support/launch-tradewind.ts";
import { fences } from "../support/markdown.ts";

const root = join(import.meta.dirname, "../..");
const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
const env = {
  ...process.env,
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  // Where it sees a CUDA toolkit it would fetch half a gigabyte.
  ONNXRUNTIME_NODE_INSTALL: "skip",
};

let project = "";
let installed = "";

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "tradewind-pack-"));
  // As root, PostgreSQL runs as another user, who must be able to reach the installed package.
  await chmod(project, 0o755);
  installed = join(project, "node_modules/tradewind");
  const tarballs = join(project, "tarballs");
  await mkdir(tarballs);
  await writeFile(join(project, "package.json"), '{"name":"empty","private":true,"type":"module"}\n');
  await run("npm", ["pack", "--pack-destination", tarballs], root);
  const [tarball = "none"] = await readdir(tarballs);
  const quietly = ["--prefer-offline", "--no-audit", "--no-fund"];
  await run("npm", ["install", join(tarballs, tarball), ...quietly]);
}, 240_000);

afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

test("the package holds emitted JavaScript and types, no sources and no tests", async () => {
  const files = (await readdir(installed, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1))
    .filter((path) => !path.startsWith("node_modules/"));
  expect(files.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))).toEqual([]);
  expect(files.filter((path) => /(^|\/)test\/|\.py$|\/samples\//.test(path))).toEqual([]);
  const needed = [
    "README.md",
    "LICENSE",
    "infra/tradewind.js",
    "dist/infra/main.js",
    "dist/inference/contract.d.ts",
    "dist/gateway/client/client.js",
    "dist/gateway/client/client.d.ts",
    "dist/gateway/ERRORS.md",
  ];
  expect(needed.filter((path) => !files.includes(path))).toEqual([]);
});

test("the installed command prints its help", async () => {
  const { stdout } = await run("npx", ["tradewind", "--help"]);
  expect(stdout).toContain("tradewind start");
});

test("a consumer's compiler sees the types of the package and refuses a wrong use of them", async () => {
  const use = (score: string) => `import type { Detection } from "tradewind/contract";
export const seven: Detection = { name: "7", class: 7, score: ${score}, box: { x1: 0, y1: 0, x2: 9, y2: 9 } };
`;
  await writeFile(join(project, "right.ts"), use("0.9"));
  await writeFile(join(project, "wrong.ts"), use('"high"'));
  expect(await compile("right.ts")).toBe("");
  expect(await compile("wrong.ts")).toContain("Type 'string' is not assignable to type 'number'");
});

test("a consumer's compiler knows what each task and format of the client answers", async () => {
  const use = (
    asked: string,
    read: string,
  ) => `import { createClient, TradewindProblem } from "tradewind/client";
const client = createClient({ url: "http://127.0.0.1:1", key: "tw_k", retries: 1 });
try {
  const answer = await client.${asked};
  const read: string = answer.${read};
  console.log(read, answer.meta.cacheStatus);
} catch (error) {
  if (error instanceof TradewindProblem && error.code === "rate_limited") console.log(error.retryAfterMs);
}
`;
  const right = {
    box: use(
      'detect("digits-s", new Uint8Array(), { conf: 0.5 })',
      "detections.map(({ box }) => box.x1).join()",
    ),
    mask: use('segment("m", new Blob())', 'detections[0]?.mask ?? ""'),
    coco: use('detect("m", new Blob(), { format: "coco" })', "annotations.map(({ bbox: [x] }) => x).join()"),
    list: use('pose("m", [new Blob(), { url: "https://x.example" }])', "images.length.toFixed()"),
    usage: use('usage({ month: "2026-11" })', "models.map(({ name }) => name).join()"),
  };
  expect(await compile(...(await write(right)))).toBe("");
  const wrong = {
    "Property 'mask' does not exist": use('detect("m", new Blob())', "detections[0].mask"),
    "Property 'detections' does not exist": use('detect("m", new Blob(), { format: "coco" })', "detections"),
    "'confidence' does not exist": use('detect("m", new Blob(), { confidence: 1 })', "model"),
    "have no overlap": right.box.replace("rate_limited", "rate_limitted"),
  };
  const said = await compile(...(await write(Object.values(wrong))));
  for (const [place, complaint] of Object.keys(wrong).entries())
    expect(said).toMatch(new RegExp(`^${place}\\.ts[^]*?${complaint}`, "m"));
}, 60_000);

test("a consumer's compiler has nothing to say of the examples in TypeScript", async () => {
  const page = await readFile(join(root, "gateway/examples/README.md"), "utf8");
  const blocks = fences(page).filter(({ language }) => language === "ts");
  const files = await write(blocks.map(({ text }) => text));
  expect(files.length).toBeGreaterThan(5);
  const withNode = ["--typeRoots", join(root, "node_modules/@types"), "--types", "node"];
  expect(await compile(...files, ...withNode)).toBe("");
}, 60_000);

test("the installed client is modules that name only each other, so that it runs in any JavaScript", async () => {
  const folder = join(installed, "dist/gateway/client");
  const modules = (await readdir(folder)).filter((name) => name.endsWith(".js"));
  const named: string[] = [];
  for (const name of modules) {
    const text = await readFile(join(folder, name), "utf8");
    named.push(...[...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, target = ""]) => target));
    expect(text).not.toMatch(/\b(?:process|Buffer|require)\b/);
  }
  expect(named.length).toBeGreaterThan(2);
  expect(named.filter((target) => !modules.includes(target.replace("./", "")))).toEqual([]);
});

test("the installed package starts, answers an image with boxes and stops on Ctrl-C", async ({ signal }) => {
  await using tradewind = await launchTradewind({
    command: join(project, "node_modules/.bin/tradewind"),
    args: ["start", "--data", join(project, "data"), "--port", "0"],
    cwd: project,
    env,
    signal,
  });
  const answer = await fetch(tradewind.detectUrl, {
    method: "POST",
    headers: { authorization: `Bearer ${tradewind.key}`, "content-type": "image/jpeg" },
    body: await readFile(tradewind.imagePath),
    signal,
  });
  expect(answer.status).toBe(200);
  const { detections } = (await answer.json()) as { detections: readonly { name: string }[] };
  expect(detections.length).toBeGreaterThan(0);
  expect(detections[0]?.name).toMatch(/^\d$/);
  await writeFile(join(project, "use-client.ts"), useClient);
  const { stdout } = await run(process.execPath, [
    "use-client.ts",
    new URL(tradewind.detectUrl).origin,
    tradewind.key,
    tradewind.imagePath,
  ]);
  expect(JSON.parse(stdout)).toEqual({ found: detections.map(({ name }) => name), refused: "model_unknown" });
  expect(await tradewind.stop()).toBe(0);
});

const useClient = `import { readFile } from "node:fs/promises";
import { createClient } from "tradewind/client";
const [url = "", key, image = ""] = process.argv.slice(2);
const client = createClient({ url, key });
const { models } = await client.models();
const { detections } = await client.detect("digits-s", await readFile(image));
const refused = await client.detect("nothing", new Blob(["x"])).catch(({ code }) => code);
console.log(JSON.stringify({ found: models.length > 0 && detections.map(({ name }) => name), refused }));
`;

async function run(command: string, args: readonly string[], cwd = project) {
  return await promisify(execFile)(command, [...args], { cwd, env, maxBuffer: 16 * 1024 * 1024 });
}

/** Puts texts into the project, each under its name or number. */
async function write(texts: Readonly<Record<string, string>> | readonly string[]): Promise<string[]> {
  const files = Object.entries(texts).map(([name, text]) => ({ file: `${name}.ts`, text }));
  await Promise.all(files.map(({ file, text }) => writeFile(join(project, file), text)));
  return files.map(({ file }) => file);
}

/** What the compiler complains about, its own words; libraries are checked too. */
async function compile(...files: string[]): Promise<string> {
  const options = [
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--skipLibCheck",
    "false",
  ];
  const args = [compiler, ...options, "--ignoreConfig", ...files];
  return await run(process.execPath, args).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout ?? String(error),
  );
}
