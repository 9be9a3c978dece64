import type { Fault, Trouble } from "#gateway/replay/simulation/simulated-fleet.ts";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type Bounds = { readonly least: number; readonly most: number; readonly whole?: boolean };

/** The number that a flag gives, or a sentence about what it may be. */
export function readNumber(flag: string, text: string, { least, most, whole = false }: Bounds): number {
  const value = /^\d{1,15}(\.\d{1,15})?(e-?\d{1,2})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  const what = whole ? "a whole number" : "a number";
  throw wrong(`${flag}: expected ${what} from ${least} to ${most}, got "${shown(text)}"`);
}

const duration = durationUpTo("366d");

/** A time as milliseconds: a bare number is of the unit that the flag's usage names, and `90s` or `5m` says its own. */
export function readTime(flag: string, text: string, { ms, least = 0 }: TimeBounds): number {
  const bare = /^\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) * ms : undefined;
  const value = bare ?? duration.safeParse(text).data;
  if (value !== undefined && value >= least && value <= mostMs) return value;
  const unit = ms === 1 ? "milliseconds" : "seconds";
  throw wrong(`${flag}: expected ${unit} or a duration such as 250ms, 90s or 5m, got "${shown(text)}"`);
}

export type TimeBounds = {
  /** Milliseconds of a bare 1. */
  readonly ms: 1 | 1000;
  readonly least?: number;
};

const mostMs = 366 * 86_400_000;

const faultForm =
  "expected BACKEND:KIND:FROM:TO[:AMOUNT], such as l4-ecs:down:600:1200 or l4-ecs:slow:600:1200:10";

/** What goes wrong with one backend, from one second of the replay to another. */
export function readFault(text: string): Fault {
  const [backend = "", kind = "", from = "", to = "", amount, ...more] = text.split(":");
  if (backend === "" || to === "" || more.length > 0)
    throw wrong(`--fault: ${faultForm}, got "${shown(text)}"`);
  const fromMs = readTime("--fault", from, { ms: 1000 });
  const toMs = readTime("--fault", to, { ms: 1000 });
  if (fromMs >= toMs) throw wrong(`--fault: ${shown(text)} ends before it begins`);
  const read = Object.hasOwn(troubles, kind) ? troubles[kind] : undefined;
  if (!read) throw wrong(`--fault: "${shown(kind)}" is none of ${Object.keys(troubles).join(", ")}`);
  return { backend, fromMs, toMs, ...read(amount) };
}

const troubles: Readonly<Record<string, (amount: string | undefined) => Trouble>> = {
  down: (amount) => ({ kind: none("down", amount) }),
  slow: (amount = "10") => ({ kind: "slow", factor: amountOf(amount, 10_000) }),
  errors: (amount = "1") => ({ kind: "errors", share: amountOf(amount, 1) }),
  hang: (amount) => ({ kind: none("hang", amount) }),
  full: (amount = "1") => ({ kind: "full", retryAfterMs: readTime("--fault", amount, { ms: 1000 }) }),
  latency: (amount = "100") => ({ kind: "latency", ms: readTime("--fault", amount, { ms: 1 }) }),
  price: (amount = "2") => ({ kind: "price", factor: amountOf(amount, 10_000) }),
};

function none<Kind extends string>(kind: Kind, amount: string | undefined): Kind {
  if (amount !== undefined) throw wrong(`--fault: ${kind} has no amount, got "${shown(amount)}"`);
  return kind;
}

function amountOf(text: string, most: number): number {
  return readNumber("--fault", text, { least: 0.000001, most });
}

export function wrong(message: string): TradewindError {
  return new TradewindError("parameter_invalid", message);
}

export function shown(text: string): string {
  return text.slice(0, 60);
}
