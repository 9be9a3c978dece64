import { join } from "node:path";
import { parseArgs } from "node:util";
import { readProvenance } from "#test/support/provenance.ts";
import { deadlineMs, sloMs } from "./fault-row.ts";
import { rows } from "./fault-table.ts";
import { full, quick, quickLanes, type Setting } from "./run-row.ts";
import { runTable } from "./run-table.ts";
import { faultTable, writeResults } from "./write-table.ts";

// What was started hears of it too; what breaks by that is cleaned up.
process.once("SIGINT", () => console.error("ending"));
process.exitCode = await main(process.argv.slice(2));

/** `node test/faults/main.ts [--row NAME] [--quick] [--lanes N] [--write]`; a whole table at full length is written down anyway. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      row: { type: "string" },
      quick: { type: "boolean", default: false },
      lanes: { type: "string" },
      write: { type: "boolean", default: false },
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
  if (values.write || (wanted.length === rows.length && !values.quick)) {
    const folder = join(import.meta.dirname, "results");
    const provenance = await readProvenance(join(import.meta.dirname, "../.."));
    await writeResults(folder, results, { provenance, note: noteOf(setting, lanes) });
    console.log(`\nwritten to ${folder}`);
  }
  return results.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

function noteOf({ perSecond, times }: Setting, lanes: number): string {
  const { beforeMs, duringMs, afterMs } = times;
  const [before, during, after] = [beforeMs, duringMs, afterMs].map((ms) => `${ms / 1_000} s`);
  const aside = lanes > 1 ? ` ${lanes} rows were run side by side on one machine.` : "";
  return [
    `One gateway and six backends, each a process of its own, under ${perSecond} images a second, whoever answers or not.`,
    `It happens to whoever has most of the images, since it is the quickest: well for ${before}, broken for ${during}, well again for ${after} and more.`,
    `The route promises ${sloMs} ms and gives up after ${deadlineMs} ms; the rest is as a route has it that says nothing.${aside}`,
    "Shares and times are of the requests that were due while it was broken, statuses of all from then on.",
  ].join(" ");
}
