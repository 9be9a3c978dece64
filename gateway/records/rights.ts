import { z } from "zod";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { softLimits } from "#infra/runtime/soft-state/soft-limits.ts";
import { type Limits, type RateLimit, type Scope, scopes } from "../caller.ts";

/** How people write what a key or a tenant may do, in keys.yaml, in flags and in the admin API alike. */

/** Also the tag of all its keys in Redis, so no braces. */
export const tenantId = plainName("a tenant");
export const modelName = plainName("a model");

export const scopeList = z.array(z.enum(scopes)).min(1, "expected at least one scope").max(scopes.length);

export const modelList = z.array(modelName).min(1, 'expected at least one model, or "all"').max(64);

const originExpected = "expected the origin of a page, such as https://app.example.com, without a path";

export const originList = z.array(z.string().max(255).refine(isOrigin, { error: originExpected })).max(32);

/** What the soft state counts by is what may be asked for, so that no limit fails only when a request meets it. */
const count = z.int().min(1).max(softLimits.rateUnits);

const burstExpected = "expected no more than the requests of 30 days, or the burst would not be back by then";

/** `{ requests: 100, per: 1s, burst: 20 }` */
export const rateLimit = z
  .strictObject({
    requests: count,
    per: durationUpTo("30d"),
    burst: count.exactOptional(),
  })
  .refine(({ requests, per, burst = requests }) => burst * per <= requests * softLimits.ttlMs, {
    path: ["burst"],
    error: burstExpected,
  });

export const rateList = z.array(rateLimit).max(4);

export const concurrency = z.int().min(1).max(100_000);

/** Limits as an object of its own, as those of a model within a tenant. */
export const limits = z.strictObject({
  limits: rateList.default([]),
  concurrency: concurrency.exactOptional(),
});

type WrittenLimits = {
  readonly limits: readonly z.output<typeof rateLimit>[];
  readonly concurrency?: number;
};

/** From how limits are written to how they are kept. */
export function keptLimits({ limits, concurrency }: WrittenLimits): Limits {
  const rates = limits.map(
    ({ requests, per, burst = requests }): RateLimit => ({ requests, perMs: per, burst }),
  );
  return concurrency === undefined ? { rates } : { rates, concurrency };
}

export type ShownLimits = {
  readonly limits: { requests: number; per: string; burst: number }[];
  readonly concurrency?: number;
};

/** And back, so that what was read can be sent again. */
export function writtenLimits({ rates, concurrency }: Limits): ShownLimits {
  const limits = rates.map(({ requests, perMs, burst }) => ({
    requests,
    per: writtenDuration(perMs),
    burst,
  }));
  return concurrency === undefined ? { limits } : { limits, concurrency };
}

export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}

function isOrigin(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  return new URL(text).origin === text;
}

function writtenDuration(ms: number): string {
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
  ] as const;
  const [unit, per] = units.find(([, size]) => ms % size === 0) ?? ["ms", 1];
  return `${ms / per}${unit}`;
}

function plainName(what: string) {
  return z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      `expected the name of ${what}: up to 64 letters, digits, dots, dashes and underscores`,
    );
}
