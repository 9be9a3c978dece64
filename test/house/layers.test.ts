import { expect, test } from "vitest";
import { houseViolations } from "#test/support/layers.ts";
import { productFiles } from "#test/support/source-files.ts";

/** Kinds that only their own folder and the registry may branch on; `static` is also a word of the language's users. */
const providers = ["ecs", "cloud-run", "app-service", "container-apps", "kubernetes"];

test("keeps every file of the product within its storey", () => {
  const files = productFiles();
  expect(files.length).toBeGreaterThan(20);
  expect(houseViolations(files, providers)).toEqual([]);
});

const planted = (path: string, text: string): readonly string[] =>
  houseViolations([{ path, text }], providers);

test.each([
  ["infra/runtime/a.ts", 'import { b } from "#inference/contract.ts";'],
  ["infra/runtime/a.ts", 'import type { B } from "../../gateway/config.ts";'],
  ["inference/a.ts", 'export { b } from "#adapters/provider.ts";'],
  ["inference/a.ts", 'export * from "#edge/b.ts";'],
  ["adapters/a.ts", 'const b = await import("#inference/engine/pool.ts");'],
  ["adapters/a.ts", 'import "#gateway/app.ts";'],
  ["gateway/a.ts", "new Worker(new URL('../inference/engine/worker.ts', import.meta.url));"],
  ["gateway/a.ts", 'fork(entryPoint("../inference/server", import.meta.url));'],
  ["gateway/a.ts", 'type B = import("#inference/heads/detect.ts").B;'],
  ["gateway/a.ts", 'import {\n  a,\n  b,\n} from "#inference/models/repository.ts";'],
  ["edge/a.ts", 'import { b } from "#adapters/registry.ts";'],
  ["gateway/a.ts", 'import { b } from "#test/support/random.ts";'],
  ["gateway/fleet/a.ts", 'import { b } from "../main.ts";'],
  ["gateway/a.ts", 'import { b } from "#infra/command/start.ts";'],
  ["gateway/main.ts", 'import { b } from "#infra/command/start.ts";'],
  ["gateway/main.ts", 'import { b } from "#inference/main.ts";'],
  ["inference/a.ts", 'fork(entryPoint("./engine/main", import.meta.url));'],
  ["inference/heads/a.ts", 'fork(entryPoint("../engine/child/main", import.meta.url));'],
  ["inference/image-api/a.ts", 'import { b } from "../detect-image.ts";'],
  ["inference/image-api/a.ts", 'import type { B } from "../heads/detect.ts";'],
])("refuses the edge planted in %s: %s", (path, text) => {
  expect(planted(path, text)).toEqual([expect.stringMatching(/may not name/)]);
});

test.each([
  ["gateway/a.ts", 'import { b } from "#inference/image/decode.ts"; import { c } from "hono";'],
  ["gateway/a.ts", 'import type { B } from "#inference/contract.ts"; import { d } from "./fleet/d.ts";'],
  [
    "adapters/a.ts",
    'import type { B } from "#inference/contract.ts"; import { c } from "#infra/runtime/errors.ts";',
  ],
  ["edge/a.ts", 'import { b } from "#inference/engine/pool.ts";'],
  [
    "inference/image-api/a.ts",
    'import type { B } from "../contract.ts"; import { c } from "../image/sniff.ts"; import { d } from "./d.ts";',
  ],
  [
    "infra/command/start.ts",
    'import { b } from "#gateway/config.ts"; fork(new URL("../../gateway/main.ts", import.meta.url));',
  ],
  ["infra/main.ts", 'import { b } from "./command/start.ts"; process.exitCode = 1;'],
  ["inference/engine/a.ts", 'fork(entryPoint("./child/main", import.meta.url));'],
  ["gateway/a.ts", '// import { b } from "#edge/b.ts";\nconst c = "import x from \\"#edge/b.ts\\"";'],
])("lets the edge in %s stand: %s", (path, text) => {
  expect(planted(path, text)).toEqual([]);
});

test.each([
  ["const a = process.env.PORT;", /touches the process/],
  ["process.exit(1);", /touches the process/],
  ['import process from "node:process";', /fetches the process/],
  ['process.kill(process.pid, "SIGKILL");', /touches the process/],
  ['process.on("SIGTERM", stop);', /touches the process/],
  ["const a = Date.now();", /clock or chance/],
  ["const a = new Date();", /clock or chance/],
  [`const a = \`a \${Math.random()}\`;`, /clock or chance/],
  ["const a = performance.now();", /clock or chance/],
  ['console.log("here");', /console/],
  ["await import(name);", /does not name/],
  ['if (kind === "cloud-run") scale();', /provider by name/],
])("refuses in the core: %s", (text, words) => {
  expect(planted("gateway/dispatch/a.ts", text)).toEqual([expect.stringMatching(words)]);
});

test("lets code say forbidden words in comments, strings and patterns", () => {
  const text =
    '/* Date.now() */ // console.log\nconst a = "process.env"; const b = /console.log("/; const c = `Math.random`;';
  expect(planted("gateway/a.ts", text)).toEqual([]);
});

test("lets code use a process that came in as an argument", () => {
  const text = "export function run(process: ProcessDoor) { process.on(name, listener); }";
  expect(planted("gateway/run.ts", text)).toEqual([]);
});

test("lets a provider's own folder and the lists of them say its name", () => {
  expect(planted("adapters/ecs/provider.ts", 'const kind = "ecs";')).toEqual([]);
  expect(planted("adapters/controls.ts", 'const kinds = { "cloud-run": 1 };')).toEqual([]);
  expect(planted("adapters/registry.ts", 'const kinds = ["ecs", "cloud-run"];')).toEqual([]);
});
