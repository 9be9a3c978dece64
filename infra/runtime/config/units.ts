import { z } from "zod";

const millisecondsPer = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const bytesPer = {
  B: 1,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
} as const;

type Schema = z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>;

/**
 * `250ms`, `1.5s`, `5m`, `2h`, as milliseconds, from 1ms up to a bound that is written the same way: a timer of nothing,
 * or of more than 24 days, fires at once. A bare number is refused: nobody remembers which unit it was in.
 */
export function durationUpTo(most: string): Schema {
  return amountOf({ what: "a duration", such: "250ms, 5s or 2h", per: millisecondsPer, least: "1ms", most });
}

/** `64KB`, `20MiB`, `1GiB`, as bytes, from 1B up to a bound that is written the same way. */
export function byteSizeUpTo(most: string): Schema {
  return amountOf({ what: "a size", such: "64KB, 20MiB or 1GiB", per: bytesPer, least: "1B", most });
}

export const byteSize = byteSizeUpTo("1024GiB");

type Amount = {
  readonly what: string;
  readonly such: string;
  readonly per: Readonly<Record<string, number>>;
  readonly least: string;
  readonly most: string;
};

function amountOf({ what, such, per, least, most }: Amount): Schema {
  const from = read(least, per) ?? 0;
  const to = read(most, per) ?? 0;
  return z.string().transform((text, context) => {
    const amount = read(text, per);
    if (amount !== undefined && amount >= from && amount <= to) return amount;
    const expected = amount === undefined ? `${what} such as ${such}` : `${what} from ${least} to ${most}`;
    context.addIssue({ code: "custom", message: `expected ${expected}, got "${text.slice(0, 40)}"` });
    return z.NEVER;
  });
}

function read(text: string, per: Readonly<Record<string, number>>): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const factor = unit === undefined || !Object.hasOwn(per, unit) ? undefined : per[unit];
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
}
