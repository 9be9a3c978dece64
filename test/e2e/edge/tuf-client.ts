import { getHashes, hash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import type { TargetFile } from "@tufjs/models";
import { openDisk } from "#edge/store/open-disk.ts";
import { openState } from "#edge/store/open-state.ts";
import { followLists } from "#edge/trust/follow-lists.ts";
import { fileNameOf } from "#edge/trust/list-names.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { findTarget } from "./find-target.ts";
import { urlOrigin } from "./url-origin.ts";

/**
 * The device's trust behind the command line by which clients of The Update Framework are held against its suite of
 * tests: `init ROOT`, `refresh`, `download`, each with the folders and addresses it takes. What the device keeps lies
 * beside the folder of lists, in which the suite finds a copy of the newest of each.
 */
const { values, positionals } = parseArgs({
  options: {
    "metadata-dir": { type: "string", default: "" },
    "metadata-url": { type: "string", default: "" },
    "target-name": { type: "string", multiple: true, default: [] },
    "target-base-url": { type: "string" },
    "target-dir": { type: "string", default: "" },
  },
  allowPositionals: true,
});
const shown = values["metadata-dir"];
const kept = join(dirname(shown), "device");

try {
  await perform(positionals[0]);
} catch (error) {
  const { code, message, cause } = asTradewindError(error);
  console.error(`${code}: ${message}`, cause ?? "");
  process.exitCode = 1;
}

async function perform(command: string | undefined): Promise<void> {
  if (command === "init") return await init(positionals[1] ?? "");
  if (command === "refresh") return await follow([]);
  if (command === "download") return await follow(values["target-name"]);
  throw new Error(`${command} is not a command`);
}

async function init(root: string): Promise<void> {
  await mkdir(shown, { recursive: true });
  const bytes = await readFile(root);
  await writeFile(join(shown, "root.json"), bytes);
  await mkdir(kept, { recursive: true });
  await writeFile(join(kept, "root.json"), bytes);
}

async function follow(wanted: readonly string[]): Promise<void> {
  const fs = openDisk();
  await using state = await openState({ fs, folder: kept });
  const origin = urlOrigin({ metadata: values["metadata-url"], targets: values["target-base-url"] });
  const lists = await followLists({
    fs,
    state,
    folder: join(kept, "trust"),
    firstRoot: await readFile(join(kept, "root.json")),
    origins: [origin],
    clock: systemClock,
    keepsEachStep: true,
    read: async (refreshing) => {
      for (const name of wanted)
        await download(
          name,
          await findTarget(refreshing, name),
          refreshing.lists.root().signed.consistentSnapshot,
        );
    },
  });
  try {
    await lists.refresh({ signal: AbortSignal.timeout(60_000) });
  } finally {
    for (const [role, bytes] of lists.raw()) await writeFile(join(shown, fileNameOf(role)), bytes);
  }
}

async function download(name: string, target: TargetFile | undefined, hashInName: boolean): Promise<void> {
  if (!target) throw new Error(`the repository does not list ${name}`);
  const path = join(values["target-dir"], encodeURIComponent(name));
  if (fits(target, await readFile(path).catch(() => undefined))) return;
  const cut = name.lastIndexOf("/") + 1;
  const [first] = Object.values(target.hashes);
  const address = hashInName ? `${name.slice(0, cut)}${first}.${name.slice(cut)}` : name;
  const origin = urlOrigin({ metadata: "", targets: values["target-base-url"] });
  const answer = await origin.get({ address: `targets/${address}`, signal: AbortSignal.timeout(60_000) });
  const bytes = await gather(answer.body, target.length);
  if (answer.status !== 200 || !fits(target, bytes))
    throw new Error(`what came for ${name} is not what is listed`);
  await writeFile(path, bytes);
}

function fits(target: TargetFile, bytes: Buffer | undefined): boolean {
  const hashes = Object.entries(target.hashes);
  return (
    bytes?.byteLength === target.length &&
    hashes.length > 0 &&
    hashes.every(([name, value]) => getHashes().includes(name) && hash(name, bytes, "hex") === value)
  );
}

async function gather(body: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes > most) break;
  }
  return Buffer.concat(pieces);
}
