import { readFile } from "node:fs/promises";
import { fetchFile } from "#edge/fetch/fetch-file.ts";
import { openOrigin } from "#edge/fetch/open-origin.ts";
import { openDisk } from "#edge/store/open-disk.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";

/** A process that fetches one file and ends: with 0 when it is whole, with 3 as soon as the line breaks. */
const [url = "", part = "", listing = ""] = process.argv.slice(2);
const { file, blocks } = JSON.parse(await readFile(listing, "utf8"));
await using origin = openOrigin({ url, kind: "gateway", clock: systemClock });
await fetchFile({
  ...{ file, blocks: Buffer.from(blocks, "base64"), fs: openDisk(), part, origins: [origin] },
  chance: systemChance,
  // It would wait here before it goes on.
  clock: { ...systemClock, sleep: async () => process.exit(3) },
  signal: new AbortController().signal,
});
