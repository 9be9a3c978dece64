import { whyNoNamespace } from "#test/support/namespace.ts";
import { startProgrammableBackends } from "#test/support/programmable-backend/launch.ts";
import type { Row } from "./fault-row.ts";
import { dispatchStands } from "./fault-table.ts";
import { judge, type Measured } from "./measure.ts";
import { type Fleet, runRow, type Setting } from "./run-row.ts";

export type Result = {
  readonly name: string;
  /** Why the row was not run. */
  readonly skipped?: string;
  readonly measured?: Measured;
  /** What did not hold; empty where all did. */
  readonly problems: readonly string[];
  /** Whether the problems count yet. */
  readonly isJudged: boolean;
};

export type TableOptions = {
  readonly setting: Setting;
  /** Rows that run at the same time, each over a fleet of its own. */
  readonly lanes: number;
  readonly say: (line: string) => void;
};

const backends = 6;

/**
 * Runs every row; the results are in the rows' own order. Rows side by side take the machine from each other, so one
 * that does not hold is measured once more when nothing else runs, and only that counts.
 */
export async function runTable(rows: readonly Row[], options: TableOptions): Promise<readonly Result[]> {
  const { lanes, setting, say } = options;
  const noNamespace = await whyNoNamespace();
  const results = new Map<Row, Result>();
  const waiting = [...rows];
  for (const row of waiting.filter(({ fault }) => fault.kind === "cut" && noNamespace !== undefined)) {
    say(`${row.name}: skipped, ${noNamespace}`);
    results.set(row, { name: row.name, skipped: noNamespace ?? "", problems: [], isJudged: false });
    waiting.splice(waiting.indexOf(row), 1);
  }
  await using opened = new AsyncDisposableStack();
  const fleets = await openFleets(opened, Math.min(lanes, waiting.length), noNamespace === undefined);
  const run = async (row: Row, fleet: Fleet): Promise<void> => {
    const measured = await runRow(row, fleet, setting);
    const problems = judge(row, measured);
    results.set(row, { name: row.name, measured, problems, isJudged: isJudged(row) });
    say(`${row.name}: ${problems.length === 0 ? "holds" : problems.join("; ")}${lateness(measured)}`);
  };
  const lane = async (fleet: Fleet, place: number): Promise<void> => {
    const isLinked = place === 0;
    for (let row = next(waiting, isLinked); row; row = next(waiting, isLinked)) await run(row, fleet);
  };
  const ends = await Promise.allSettled(fleets.map(lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  const again = rows.filter((row) => isJudged(row) && results.get(row)?.problems.length);
  const [linked] = fleets;
  if (linked) for (const row of again) await run(row, linked);
  return rows.flatMap((row) => results.get(row) ?? []);
}

/** Where the client itself had to wait for the machine, what it saw is the machine's doing as well. */
function lateness({ clientLateMs }: Measured): string {
  return clientLateMs < 250 ? "" : ` (the client itself was up to ${clientLateMs} ms late)`;
}

/** Only the first one's first backend is at the end of a link, where links can be made. */
async function openFleets(
  opened: AsyncDisposableStack,
  count: number,
  isLinked: boolean,
): Promise<readonly Fleet[]> {
  const fleets: Fleet[] = [];
  for (let place = 0; place < count; place += 1) {
    const namespaced = isLinked && place === 0 ? [0] : [];
    const fleet = await startProgrammableBackends(backends, { seed: 100 * (place + 1), namespaced });
    for (const backend of fleet) opened.use(backend);
    fleets.push(fleet);
  }
  return fleets;
}

export function isJudged({ needsDispatch }: Row): boolean {
  return dispatchStands || needsDispatch !== true;
}

/** Takes the next row that this lane can run: where there is a link to cut, the rows that cut it come first. */
function next(waiting: Row[], isLinked: boolean): Row | undefined {
  const cuts = waiting.findIndex(({ fault }) => fault.kind === "cut");
  const place = isLinked && cuts !== -1 ? cuts : waiting.findIndex(({ fault }) => fault.kind !== "cut");
  return place === -1 ? undefined : waiting.splice(place, 1)[0];
}
