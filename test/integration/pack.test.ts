import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchTradewind } from "../support/launch-tradewind.ts";

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
}, 120_000);

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
  expect(await tradewind.stop()).toBe(0);
});

async function run(command: string, args: readonly string[], cwd = project) {
  return await promisify(execFile)(command, [...args], { cwd, env, maxBuffer: 16 * 1024 * 1024 });
}

/** What the compiler complains about, its own words; libraries are checked too. */
async function compile(file: string): Promise<string> {
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
  const args = [compiler, ...options, "--ignoreConfig", file];
  return await run(process.execPath, args).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout ?? String(error),
  );
}
