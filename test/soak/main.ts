import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readProvenance } from "../support/provenance.ts";
import { soaks } from "./soaks.ts";

const root = join(import.meta.dirname, "../..");
const results = join(import.meta.dirname, "results");
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { count: { type: "string" }, seed: { type: "string", default: "1" } },
    allowPositionals: true,
  });
  const name = positionals[0] ?? "";
  const load = Object.hasOwn(soaks, name) ? soaks[name] : undefined;
  const seed = Number(values.seed);
  if (!load || positionals.length > 1 || !Number.isSafeInteger(seed)) {
    const names = Object.keys(soaks).join(", ");
    console.error(`usage: npm run soak -- NAME [--count N] [--seed N], where NAME is one of: ${names}`);
    return 1;
  }
  const soak = await load();
  const count = values.count === undefined ? soak.fullCount : Number(values.count);
  if (!Number.isSafeInteger(count) || count < 1) {
    console.error(`--count ${values.count} is not a whole number above 0`);
    return 1;
  }
  console.error(`${soak.describe}; ${count} with seed ${seed}`);
  const provenance = await readProvenance(root);
  const started = performance.now();
  const { findings, figures } = await soak.run({ count, seed, signal: interrupted.signal });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const text = JSON.stringify(
    { ...provenance, seed, count, seconds, ok: findings.length === 0, findings, figures },
    null,
    2,
  );
  console.log(text);
  // Only the full count is a result to keep; a shorter run is somebody looking for something.
  if (count >= soak.fullCount) {
    await mkdir(results, { recursive: true });
    await writeFile(join(results, `${name}.json`), `${text}\n`);
  }
  return findings.length === 0 ? 0 : 1;
}
