import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { type NewArtefact, type Published, publishRelease } from "#gateway/repository/publish-release.ts";
import { readModelFile } from "#inference/models/repository.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { hasVnni } from "#infra/runtime/hardware/cpu.ts";
import { makeGolden } from "./make-golden.ts";
import { type PublishAsk, readPublishAsk } from "./publish-ask.ts";
import { tellSigned } from "./tell-signed.ts";
import { type AtRepository, checkOnlineKey, readKeys, withRepository } from "./with-repository.ts";

/** `models publish`: runs each file on the golden images, uploads what is new and signs the family's next list. */
export function publish(args: string[]): () => Promise<number> {
  const ask = readPublishAsk(args);
  return async () => {
    const startedAt = performance.now();
    await refuseBelowFloor(ask);
    const keys = await readKeys(ask.keys);
    return await withRepository(ask.store, async (at) => {
      await checkOnlineKey(at, ask.onlineKey);
      const artefacts: NewArtefact[] = [];
      for (const file of ask.files) artefacts.push(await artefactOf(file, ask, at));
      const { model, version, release } = ask;
      const { signal } = at;
      const published = await publishRelease(at.repository, {
        model,
        version,
        release,
        artefacts,
        keys,
        signal,
      });
      const lines = published.list
        ? await tellSigned(at, published.list, ask)
        : ["all of it was published before"];
      const ms = Math.round(performance.now() - startedAt);
      const isStaged = published.list !== undefined && "staged" in published.list;
      process.stdout.write(
        ask.isJson ? asJson(published, { ask, ms, isStaged }) : asText(published, lines, { ask, ms }),
      );
      return 0;
    });
  };
}

async function artefactOf(
  { target, path }: PublishAsk["files"][number],
  { images, minAgreement, minAgent }: PublishAsk,
  { signal }: AtRepository,
): Promise<NewArtefact> {
  const exactQuantized = process.arch === "x64" && !hasVnni(readCpuInfo());
  const golden = await makeGolden({ model: path, images, exactQuantized, clock: systemClock, signal });
  const model = await readModelFile(path);
  const memoryMb = memoryOf(model.byteLength);
  const { bytes, precision } = golden;
  return { target, model, golden: bytes, precision, memoryMb, minAgreement, minAgent };
}

/** A runtime keeps weights as they came and as it packed them; a tenth of a hundred more is for what flows between. */
function memoryOf(bytes: number): number {
  return Math.ceil((2 * bytes) / 1_048_576) + 32;
}

/** What the quantizer refused to write is not published either, and a report of another file says nothing. */
async function refuseBelowFloor({ floorReports, files }: PublishAsk): Promise<void> {
  for (const path of floorReports) {
    const { isWritten, refusals, bytes } = await readReport(path);
    if (isWritten !== true || refusals.length > 0) {
      throw new TradewindError(
        "signing_refused",
        `${path} says that a floor did not hold: ${refusals[0] ?? "nothing was written"}`,
      );
    }
    const sizes = await Promise.all(files.map(async (file) => (await readModelFile(file.path)).byteLength));
    if (sizes.includes(bytes)) continue;
    throw new TradewindError(
      "signing_refused",
      `${path} is of a file of ${bytes} bytes, which is none of these`,
    );
  }
}

type FloorReport = {
  readonly isWritten: unknown;
  readonly refusals: readonly string[];
  readonly bytes: number;
};

async function readReport(path: string): Promise<FloorReport> {
  try {
    const { isWritten, refusals, bytes } = JSON.parse(await readFile(path, "utf8"));
    if (Array.isArray(refusals) && Number.isInteger(bytes?.after)) {
      return { isWritten, refusals: refusals.map(String), bytes: bytes.after };
    }
  } catch (cause) {
    throw new TradewindError("signing_refused", `the report ${path} cannot be read`, { cause });
  }
  throw new TradewindError("signing_refused", `${path} is no report of tradewind models quantize --json`);
}

type Told = { readonly ask: PublishAsk; readonly ms: number };

function asText({ release, files }: Published, lines: readonly string[], { ask, ms }: Told): string {
  const shown = files.map(
    ({ address, bytes, isNew }) =>
      `  ${String(bytes).padStart(10)}  ${address}${isNew ? "" : "  (was there)"}`,
  );
  const title = `${ask.model} ${ask.version} is release ${release}, in ${(ms / 1_000).toFixed(1)} s`;
  return `${[title, ...shown, ...lines].join("\n")}\n`;
}

function asJson(
  { release, files, list }: Published,
  { ask, ms, isStaged }: Told & { readonly isStaged: boolean },
): string {
  const { model, version } = ask;
  return `${JSON.stringify({ model, version, release, files, isNew: list !== undefined, isStaged, ms }, undefined, 2)}\n`;
}

function readCpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
