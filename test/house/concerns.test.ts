import { expect, test } from "vitest";
import { concerns } from "#gateway/telemetry.ts";
import { sourceFiles } from "#test/support/source-files.ts";

const files = ["gateway", "adapters", "infra/runtime"].flatMap((folder) => sourceFiles(folder, ".ts"));

/** What the files say when they could not do something beside an answer; undefined where it is no plain text. */
function told(): readonly { readonly path: string; readonly what: string | undefined }[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(/sideConcernSkipped\s*\.\s*publish\(([^;]*)/g)].map(([, published = ""]) => ({
      path,
      what: /^\s*\{\s*what:\s*"([^"]+)"/.exec(published)?.[1],
    })),
  );
}

test("every concern that is told has a plain name, and a series of its own in the metric", () => {
  expect(told().filter(({ what }) => what === undefined)).toEqual([]);
  expect(new Set(told().map(({ what }) => what))).toEqual(new Set(concerns));
});
