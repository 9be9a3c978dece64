import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { openSource } from "#inference/open-source.ts";
import { writeColourModel } from "#test/support/colour-model.ts";

test("a repository may be given as a file URL, as any bucket may by its own", async () => {
  const folder = await mkdtemp(join(tmpdir(), "open-source-"));
  await writeColourModel(join(folder, "colours", "1", "model.onnx"));
  const place = { kind: "repository", url: pathToFileURL(folder).href, cache: undefined } as const;
  {
    await using source = await openSource(place, { control: { mode: "none" } });
    const listings = await source.list({ signal: new AbortController().signal });
    expect(listings.map(({ name }) => name)).toEqual(["colours"]);
  }
  await rm(folder, { recursive: true });
});
