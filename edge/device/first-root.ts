import { hash } from "node:crypto";
import { dirname, join } from "node:path";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Origin } from "../fetch/origin.ts";
import { readBounded } from "../fetch/read-bounded.ts";
import type { FileSystem } from "../store/file-system.ts";
import { isMissing } from "../store/foreign-code.ts";
import { makeLastingFolder, writeWhole } from "../store/write-whole.ts";

export type FirstRootPlace = {
  readonly fs: FileSystem;
  /** The device's folder. */
  readonly folder: string;
};

const maxBytes = 512_000;

/** What all trust of this device begins with; undefined where it has none yet, or the disk has lost some of it. */
export async function readFirstRoot({ fs, folder }: FirstRootPlace): Promise<Uint8Array | undefined> {
  const root = await readIfThere(fs, rootPath(folder), maxBytes);
  const expected = await readExpected({ fs, folder });
  return root && expected !== undefined && sha256Of(root) !== expected ? undefined : root;
}

/** Of a device that has one nothing is changed: another root is another repository, and takes another folder. */
export async function keepFirstRoot({ fs, folder }: FirstRootPlace, root: Uint8Array): Promise<void> {
  if (await readFirstRoot({ fs, folder })) return;
  if (root.byteLength > maxBytes) throw new TradewindError("config_invalid", "the first root is too large");
  await expectRoot({ fs, folder }, sha256Of(root));
  await writeWhole(fs, rootPath(folder), root);
}

/** Remembers which root it is to be, so that one that a cut or the disk takes away may come again from anybody. */
export async function expectRoot({ fs, folder }: FirstRootPlace, sha256: string): Promise<void> {
  if (await readFirstRoot({ fs, folder })) return;
  await makeLastingFolder(fs, dirname(expectedPath(folder)));
  await writeWhole(fs, expectedPath(folder), Buffer.from(sha256));
}

/** Fetches the root that the enrolment named, from whoever has it: its hash alone says that it is the one. */
export async function fetchFirstRoot(
  place: FirstRootPlace,
  { origins, signal }: { readonly origins: readonly Origin[]; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const expected = await readExpected(place);
  if (expected === undefined) throw unknownRoot();
  let last: unknown = unknownRoot();
  for (const origin of origins) {
    try {
      const root = await fetchFrom(origin, expected, signal);
      await keepFirstRoot(place, root);
      return root;
    } catch (error) {
      last = error;
      signal.throwIfAborted();
    }
  }
  throw last;
}

async function fetchFrom(origin: Origin, sha256: string, signal: AbortSignal): Promise<Uint8Array> {
  const answer = await origin.get({ address: "metadata/1.root.json", signal });
  if (answer.status !== 200) {
    answer.leave();
    const message = `${origin.name} has no first root (${answer.status})`;
    throw new TradewindError("repository_unreachable", message);
  }
  const root = await readBounded(answer, { maxBytes });
  if (sha256Of(root) === sha256) return root;
  throw new TradewindError("repository_refused", `the first root of ${origin.name} is not the enrolment's`, {
    hint: "somebody stands between, or the token is of another repository",
  });
}

function rootPath(folder: string): string {
  return join(folder, "trust/root.json");
}

function expectedPath(folder: string): string {
  return join(folder, "trust/root.sha256");
}

/** Undefined where nobody said it, or what was said cannot be read any more. */
async function readExpected({ fs, folder }: FirstRootPlace): Promise<string | undefined> {
  const bytes = await readIfThere(fs, expectedPath(folder), 100);
  const text = Buffer.from(bytes ?? []).toString("latin1");
  return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
}

function sha256Of(root: Uint8Array): string {
  return hash("sha256", root, "hex");
}

async function readIfThere(fs: FileSystem, path: string, most: number): Promise<Uint8Array | undefined> {
  try {
    return await fs.read(path, { maxBytes: most });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function unknownRoot(): TradewindError {
  return new TradewindError("repository_refused", "this device knows no first root, and so trusts no list", {
    hint: "start it once with --enrol TOKEN, or with --root FILE",
  });
}
