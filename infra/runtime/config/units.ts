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

/** `250ms`, `1.5s`, `5m`, `2h`, `7d`, as milliseconds, up to a week. A bare number is refused: nobody remembers which unit it was in. */
export const duration = z
  .string()
  .transform(inUnits(millisecondsPer, "a duration such as 250ms, 5s or 2h"))
  // A timer of more than 24 days fires at once, and one of nothing too.
  .pipe(
    z
      .number()
      .min(1, "expected at least 1ms")
      .max(millisecondsPer.d * 7, "expected at most 7d"),
  );

/** `64KB`, `20MiB`, `1GiB`, as bytes. */
export const byteSize = z
  .string()
  .transform(inUnits(bytesPer, "a size such as 64KB, 20MiB or 1GiB"))
  .pipe(
    z
      .number()
      .min(1, "expected at least 1B")
      .max(bytesPer.GiB * 1_024, "expected at most 1024GiB"),
  );

function inUnits(units: Readonly<Record<string, number>>, expected: string) {
  return (text: string, context: z.RefinementCtx): number => {
    const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim()) ?? [];
    const factor = unit === undefined || !Object.hasOwn(units, unit) ? undefined : units[unit];
    if (amount === undefined || factor === undefined) {
      context.addIssue({ code: "custom", message: `expected ${expected}, got "${text}"` });
      return z.NEVER;
    }
    return Math.round(Number(amount) * factor);
  };
}
