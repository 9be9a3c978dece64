import { whyNoNamespace } from "#test/support/namespace.ts";
import { startProgrammableBackends } from "#test/support/programmable-backend/launch.ts";
import type { Expectation, Row } from "./fault-row.ts";
import { judge, type Measured } from "./measure.ts";
import { runRow, type Setting } from "./run-row.ts";
import type { Fleet } from "./settle.ts";

export type Result = {
  readonly name: string;
  readonly promised: Expectation;
  /** Why the row was not run. */
  readonly skipped?: string;
  readonly measured?: Measured;
  /** What did not hold; empty where all did. */
  readonly problems: readonly string[];
};

export type TableOptions = {
  readonly setting: Setting;
  /** Rows that run at the same time, each over a fleet of its own. */
  readonly lanes: number;
  readonly say: (line: string) => void;
};

const backends = 6;

/** Machines that others use as well have bad moments; what is broken stays so. */
const turnsAlone = 2;

/**
 * Runs every row; the results are in the rows' own order. Rows side by side take the machine from each other, so one
 * that does not hold is measured again when nothing else runs, and only that counts.
 */
export async function runTable(rows: readonly Row[], options: TableOptions): Promise<readonly Result[]> {
  const { lanes, setting, say } = options;
  const noNamespace = await whyNoNamespace();
  const results = new Map<Row, Result>();
  const waiting = [...rows];
  for (const row of waiting.filter(({ fault }) => fault.kind === "cut" && noNamespace !== undefined)) {
    say(`${row.name}: skipped, ${noNamespace}`);
    results.set(row, { ...told(row), skipped: noNamespace ?? "", problems: [] });
    waiting.splice(waiting.indexOf(row), 1);
  }
  await using opened = new AsyncDisposableStack();
  const fleets = await openFleets(opened, Math.min(lanes, waiting.length), noNamespace === undefined);
  const run = async (row: Row, fleet: Fleet): Promise<void> => {
    const measured = await runRow(row, fleet, setting);
    const problems = judge(row, measured);
    results.set(row, { ...told(row), measured, problems });
    say(`${row.name}: ${problems.length === 0 ? "holds" : problems.join("; ")}${lateness(measured)}`);
  };
  const lane = async (fleet: Fleet, place: number): Promise<void> => {
    const isLinked = place === 0;
    for (let row = next(waiting, isLinked); row; row = next(waiting, isLinked)) await run(row, fleet);
  };
  const ends = await Promise.allSettled(fleets.map(lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  const [linked] = fleets;
  for (let turn = 0; turn < turnsAlone; turn += 1) {
    const again = rows.filter((row) => results.get(row)?.problems.length);
    if (linked) for (const row of again) await run(row, linked);
  }
  return rows.flatMap((row) => results.get(row) ?? []);
}

function told({ name, expectation }: Row): Pick<Result, "name" | "promised"> {
  return { name, promised: expectation };
}

/** Where the client itself had to wait for the machine, what it saw is the machine's doing as well. */
function lateness({ clientLateMs }: Measured): string {
  return clientLateMs < 250 ? "" : ` (the client itself was up to ${clientLateMs} ms late)`;
}

/** Only the first one's backends are at the ends of links, where links can be made. */
async function openFleets(
  opened: AsyncDisposableStack,
  count: number,
  isLinked: boolean,
): Promise<readonly Fleet[]> {
  const fleets: Fleet[] = [];
  for (let place = 0; place < count; place += 1) {
    const namespaced = isLinked && place === 0 ? Array.from({ length: backends }, (_, at) => at) : [];
    const fleet = await startProgrammableBackends(backends, { seed: 100 * (place + 1), namespaced });
    for (const backend of fleet) opened.use(backend);
    fleets.push(fleet);
  }
  return fleets;
}

/** Takes the next row that this lane can run: where there is a link to cut, the rows that cut it come first. */
function next(waiting: Row[], isLinked: boolean): Row | undefined {
  const cuts = waiting.findIndex(({ fault }) => fault.kind === "cut");
  const place = isLinked && cuts !== -1 ? cuts : waiting.findIndex(({ fault }) => fault.kind !== "cut");
  return place === -1 ? undefined : waiting.splice(place, 1)[0];
}
