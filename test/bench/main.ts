import { join } from "node:path";
import { parseArgs } from "node:util";
import { readProvenance } from "../support/provenance.ts";
import { benches } from "./benches.ts";
import { formatNotes, formatTable, writeResults } from "./report.ts";
import { runBench } from "./run-bench.ts";

const root = join(import.meta.dirname, "../..");
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { quick: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const name = positionals[0] ?? "";
  const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (!load || positionals.length > 1) {
    console.error(
      `usage: npm run bench -- NAME [--quick], where NAME is one of: ${Object.keys(benches).join(", ")}`,
    );
    return 1;
  }
  const bench = await load();
  console.error(bench.describe);
  const provenance = await readProvenance(root);
  const say = (line: string) => console.error(`  ${line}`);
  const rows = await runBench(bench, { quick: values.quick, root, say, signal: interrupted.signal });
  console.log(`${formatTable(rows)}\n\n${formatNotes(rows)}`);
  if (values.quick) {
    console.log("quick: the harness works; these numbers mean nothing");
    return 0;
  }
  console.log(
    `written to ${await writeResults(join(import.meta.dirname, "results"), name, { ...provenance, rows })}`,
  );
  return rows.every((row) => row.ok) ? 0 : 1;
}
