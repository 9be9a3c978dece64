import { z } from "zod";
import type { MonthlyBounds, Tenant } from "../caller.ts";
import {
  concurrency,
  keptLimits,
  limits,
  modelName,
  rateList,
  type ShownLimits,
  writtenLimits,
} from "./rights.ts";

const nanoPerUsd = 1_000_000_000;

export const monthlyBounds = z.strictObject({
  images: z.int().min(0).max(1_000_000_000_000).exactOptional(),
  /** Up to what a count of billionths can hold exactly. */
  usd: z.number().min(0).max(1_000_000).exactOptional(),
});

export const modelLimits = z
  .record(modelName, limits)
  .refine((models) => Object.keys(models).length <= 64, { error: "expected at most 64 models" });

export const retentionDays = z.int().min(1).max(3_650);

/** A tenant as keys.yaml and the admin API write it, apart from how they spell the retention. */
export const tenantBounds = z.strictObject({
  limits: rateList.default([]),
  concurrency: concurrency.exactOptional(),
  models: modelLimits.default({}),
  monthly: monthlyBounds.default({}),
});

export type WrittenTenant = z.output<typeof tenantBounds>;

/** From how a tenant is written to how everything behind the door sees it. */
export function keptTenant(id: string, written: WrittenTenant, retentionDays: number): Tenant {
  const { images, usd } = written.monthly;
  const models = Object.entries(written.models);
  return {
    id,
    limits: keptLimits(written),
    modelLimits: new Map(models.map(([name, model]) => [name, keptLimits(model)])),
    monthly: {
      ...(images !== undefined && { images }),
      ...(usd !== undefined && { nanoUsd: Math.round(usd * nanoPerUsd) }),
    },
    retentionDays,
  };
}

/** What `keptTenant` reads, with nothing left out. */
export type ShownTenant = ShownLimits & {
  readonly models: Record<string, ShownLimits>;
  readonly monthly: z.input<typeof monthlyBounds>;
};

/** And back, so that what was read can be sent again. */
export function writtenTenant(tenant: Tenant): ShownTenant {
  const models = [...tenant.modelLimits].map(([name, model]) => [name, writtenLimits(model)] as const);
  return {
    ...writtenLimits(tenant.limits),
    models: Object.fromEntries(models),
    monthly: writtenMonthly(tenant.monthly),
  };
}

function writtenMonthly({ images, nanoUsd }: MonthlyBounds): z.input<typeof monthlyBounds> {
  return {
    ...(images !== undefined && { images }),
    ...(nanoUsd !== undefined && { usd: nanoUsd / nanoPerUsd }),
  };
}
