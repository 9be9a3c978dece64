import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, glob, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join, relative } from "node:path";

const root = join(import.meta.dirname, "../../..");
const dist = join(root, "dist");
const folders = ["gateway", "adapters", "inference", "edge", "infra"];

/** What run time reads besides code; a maintainer's tools (`.py`) and test material stay behind. */
const carried = new Set([
  ".ts",
  ".sql",
  ".lua",
  ".onnx",
  ".json",
  ".md",
  ".jpg",
  ".png",
  ".svg",
  ".html",
  ".css",
]);
const leftBehind = ["infra/deploy", "inference/models/demo/samples", "gateway/examples"];

await buildPackage();

/**
 * Turns a copy of the sources into what the package carries. The copy is compiled in place, because a package.json of
 * its own then tells both the compiler and Node where `#folder/file.ts` leads: to the emitted file of that name.
 */
async function buildPackage(): Promise<void> {
  await rm(dist, { recursive: true, force: true });
  for (const folder of folders) await copySources(folder);
  await writeFile(join(dist, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
  await compile();
  await removeSources();
}

async function copySources(folder: string): Promise<void> {
  const from = join(root, folder);
  const filter = (path: string) => isCarried(relative(root, path));
  await cp(from, join(dist, folder), { recursive: true, filter }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" || error.path !== from) throw error;
  });
}

function isCarried(path: string): boolean {
  if (leftBehind.includes(path.replaceAll("\\", "/"))) return false;
  const extension = extname(path);
  return extension === "" || carried.has(extension);
}

function manifest(): object {
  const imports = folders.map((folder) => [`#${folder}/*.ts`, `./${folder}/*.js`]);
  return { type: "module", imports: Object.fromEntries(imports) };
}

async function compile(): Promise<void> {
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
    "bin/tsc",
  );
  const child = spawn(process.execPath, [compiler, "-p", import.meta.dirname], {
    stdio: ["ignore", process.stderr, process.stderr],
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error("the sources do not compile, so there is nothing to pack");
}

async function removeSources(): Promise<void> {
  for await (const path of glob("**/*.ts", { cwd: dist })) {
    if (!path.endsWith(".d.ts")) await rm(join(dist, path));
  }
}
