import { expect, test } from "vitest";
import { reachedFrom } from "#test/support/reached.ts";
import { productFiles, type SourceFile } from "#test/support/source-files.ts";

/** What may change a cloud, and is for `tradewind fleet` and the operator's commands alone. */
const control = /^adapters\/(?:controls|[\w-]+\/control)\.ts$/;

/** The ways by which the process that answers images would get hold of it. */
function waysToControl(files: readonly SourceFile[]): string[] {
  const reached = reachedFrom("gateway/main.ts", files);
  return [...reached].filter(([path]) => control.test(path)).map(([, way]) => way.join(" -> "));
}

test("the gateway holds nothing that could change a cloud, on whatever way", () => {
  const files = productFiles();
  expect(files.filter(({ path }) => control.test(path)).length).toBeGreaterThan(2);
  expect(waysToControl(files)).toEqual([]);
});

test("the gateway does hold what finds and calls backends, so that its ways are not looked at for nothing", () => {
  const reached = reachedFrom("gateway/main.ts", productFiles());
  const found = [...reached.keys()].filter((path) => /^adapters\/[\w-]+\/provider\.ts$/.test(path));
  expect(found.length).toBeGreaterThan(1);
  expect(reached.has("gateway/workers/run-worker.ts")).toBe(true);
});

test("a way to what changes clouds is found, be it loaded late, for a type or by a worker", () => {
  const files = [
    { path: "gateway/main.ts", text: 'fork(entryPoint("./workers/worker/main", import.meta.url));' },
    { path: "gateway/workers/worker/main.ts", text: 'import type { A } from "#adapters/far/provider.ts";' },
    { path: "adapters/far/provider.ts", text: 'const c = () => import("./control.ts");' },
    { path: "adapters/far/control.ts", text: "" },
    { path: "gateway/operations/a.ts", text: 'import { open } from "#adapters/controls.ts";' },
    { path: "adapters/controls.ts", text: "" },
  ];
  expect(waysToControl(files)).toEqual([
    "gateway/main.ts -> gateway/workers/worker/main.ts -> adapters/far/provider.ts -> adapters/far/control.ts",
  ]);
});
