import { readSettings, refused, type SettingChanges, told } from "./read-settings.ts";

/** Tracing as Triton's trace extension shows it: numbers are strings there. */
export type TraceSetting = {
  readonly trace_level: readonly TraceLevel[];
  /** One request in so many is traced. */
  readonly trace_rate: string;
  /** So many more requests are traced; -1 is without end. */
  readonly trace_count: string;
  /** About files of traces, of which there are none. */
  readonly log_frequency: string;
  /** Always empty: a trace is a line of the log. */
  readonly trace_file: string;
  readonly trace_mode: "triton";
};

export type TraceLevel = "OFF" | "TIMESTAMPS";

export const defaultTraceSetting: TraceSetting = {
  trace_level: ["OFF"],
  trace_rate: "1000",
  trace_count: "-1",
  log_frequency: "0",
  trace_file: "",
  trace_mode: "triton",
};

/** What is set for one model, or for all; what is not set comes from the wider setting. */
export type TraceOverrides = Partial<TraceSetting>;

/** The overrides with what the body names changed, all of it or nothing; `null` takes an override away. */
export function changeTraceOverrides(overrides: TraceOverrides, body: Uint8Array): TraceOverrides {
  const changes = readSettings(body, Object.keys(defaultTraceSetting));
  refuseUnlessValid(changes);
  const kept = Object.entries({ ...overrides, ...changes }).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.filter(([name]) => !fixed.has(name)));
}

type Fixed = { readonly value: string; readonly message: string };

/** Settings that may be repeated as they are, which is what a client does that sends back all that it read. */
const fixed = new Map<string, Fixed>([
  ["trace_file", { value: "", message: "trace file location can not be updated through network protocol" }],
  ["trace_mode", { value: "triton", message: "trace mode can not be updated through network protocol" }],
]);

const numbers = new Map<string, readonly [least: number, most: number]>([
  ["trace_rate", [1, 4_294_967_295]],
  ["trace_count", [-1, 2_147_483_647]],
  ["log_frequency", [0, 4_294_967_295]],
]);

function refuseUnlessValid(changes: SettingChanges): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) continue;
    if (name === "trace_level") refuseLevels(value);
    const known = fixed.get(name);
    if (known && value !== known.value) throw refused(known.message);
    const range = numbers.get(name);
    if (range) refuseNumber(name, value, range);
  }
}

function refuseLevels(value: unknown): void {
  const levels: readonly unknown[] = Array.isArray(value) ? value : [];
  if (levels.includes("TENSORS")) {
    throw refused(
      "trace level 'TENSORS' would write callers' images into the log, which this server does not",
    );
  }
  if (levels.length === 1 && (levels[0] === "OFF" || levels[0] === "TIMESTAMPS")) return;
  throw refused(`trace_level is ["OFF"] or ["TIMESTAMPS"], got ${told(value)}`);
}

function refuseNumber(name: string, value: unknown, [least, most]: readonly [number, number]): void {
  const number = typeof value === "string" && /^-?\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return;
  throw refused(
    `Unable to parse '${name}', expected a string of a number from ${least} to ${most}, got ${told(value)}`,
  );
}
