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

type Share = z.ZodPipe<
  z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>,
  z.ZodTransform<number, string | number>
>;

const shareForm = "expected a share such as 5% or 0.05";

/** `5%` or `0.05`, as 0.05, from nothing up to a bound of at most 1: a bare 5 is refused rather than read as a percentage. */
export function shareUpTo(most: number): Share {
  const text = z.string().meta({ pattern: String.raw`^\s*\d+(\.\d+)?\s*%\s*$` });
  const number = z.number().meta({ minimum: 0, maximum: most });
  return z.union([text, number], { error: shareForm }).transform((given, context) => {
    const amount = typeof given === "number" ? given : readShare(given);
    if (amount !== undefined && amount >= 0 && amount <= most) return amount;
    const expected = amount === undefined ? shareForm : `expected a share from 0% to ${most * 100}%`;
    context.addIssue({ code: "custom", message: `${expected}, got ${shown(given)}` });
    return z.NEVER;
  });
}

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
  const pattern = String.raw`^\s*\d+(\.\d+)?\s*(${Object.keys(per).join("|")})\s*$`;
  // The pattern is for editors alone: where it stood as a check, it would be one more problem beside the one said here.
  return z
    .string()
    .meta({ pattern })
    .transform((text, context) => {
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

function readShare(text: string): number | undefined {
  const [, amount] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim()) ?? [];
  return amount === undefined ? undefined : Number(amount) / 100;
}

function shown(given: string | number): string {
  return typeof given === "number" ? String(given) : `"${given.slice(0, 40)}"`;
}
