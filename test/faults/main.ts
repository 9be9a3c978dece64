import { join } from "node:path";
import { parseArgs } from "node:util";
import { readProvenance } from "#test/support/provenance.ts";
import { rows } from "./fault-table.ts";
import { full, quick, quickLanes } from "./run-row.ts";
import { runTable } from "./run-table.ts";
import { faultTable, writeResults } from "./write-table.ts";

// What was started hears of it too; what breaks by that is cleaned up.
process.once("SIGINT", () => console.error("ending"));
process.exitCode = await main(process.argv.slice(2));

/** `node test/faults/main.ts [--row NAME] [--quick] [--lanes N]`; only a whole table at full length is written down. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      row: { type: "string" },
      quick: { type: "boolean", default: false },
      lanes: { type: "string" },
    },
  });
  const wanted = rows.filter(({ name }) => name.includes(values.row ?? ""));
  if (wanted.length === 0) {
    console.error(
      `no row has this in its name; the rows are:\n${rows.map(({ name }) => `  ${name}`).join("\n")}`,
    );
    return 1;
  }
  const setting = values.quick ? quick : full;
  const say = (line: string): void => console.error(`  ${line}`);
  // Side by side takes less time, and each takes some of the machine from the others.
  const lanes = Number(values.lanes ?? (values.quick ? quickLanes : 1));
  const results = await runTable(wanted, { setting, lanes, say });
  console.log(faultTable(results));
  if (wanted.length === rows.length && !values.quick) {
    const folder = join(import.meta.dirname, "results");
    await writeResults(folder, results, await readProvenance(join(import.meta.dirname, "../..")));
    console.log(`\nwritten to ${folder}`);
  }
  return results.some(({ problems, isJudged }) => isJudged && problems.length > 0) ? 1 : 0;
}
