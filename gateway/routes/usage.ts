import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Tenant } from "../caller.ts";
import { createRoutes, type DescribedRoutes, mount } from "../document/mount.ts";
import { describedUsage, type UsageAnswer, usageQuery } from "../document/usage-route.ts";
import { monthOf } from "../usage/month.ts";
import type { Usage } from "../usage/usage.ts";
import type { UsageCounts, UsageReport, UsageStore } from "../usage/usage-store.ts";

export { usageAnswer } from "../document/usage-route.ts";

export type UsageDeps = {
  readonly usage: Pick<Usage, "flush">;
  readonly usageStore: Pick<UsageStore, "report">;
  readonly clock: Clock;
};

/** What the caller's own tenant used; there is no way to name another. */
export function usageRoutes({ usage, usageStore, clock }: UsageDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedUsage, async (c) => {
    const { tenant } = c.get("caller");
    const month = readMonth(c.req.queries(), tenant, clock.now());
    // What this process counted and did not write yet belongs to the answer, and once written is not added twice.
    await usage.flush();
    return c.json(present(await read(usageStore, tenant.id, month, c.req.raw.signal), tenant, month));
  });
  return routes;
}

function readMonth(given: Record<string, string[]>, { retentionDays }: Tenant, now: number): string {
  const flat = Object.fromEntries(
    Object.entries(given).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
  const query = usageQuery.safeParse(flat);
  if (!query.success) {
    throw new TradewindError("parameter_invalid", "expected nothing but month, once, such as month=2026-11");
  }
  const [first, last] = [monthOf(now - retentionDays * 86_400_000), monthOf(now)];
  const { month = last } = query.data;
  if (month >= first && month <= last) return month;
  throw new TradewindError("parameter_invalid", `month is ${month}, there is usage from ${first} to ${last}`);
}

/** A caller has no use for what the database says when it is away, and should not know where it is. */
async function read(
  store: UsageDeps["usageStore"],
  tenant: string,
  month: string,
  left: AbortSignal,
): Promise<UsageReport> {
  const signal = AbortSignal.any([left, AbortSignal.timeout(10_000)]);
  try {
    return await store.report({ tenant, month }, { signal });
  } catch (cause) {
    if (left.aborted) throw new TradewindError("caller_left", "the caller closed the connection", { cause });
    throw new TradewindError("database_unavailable", "usage cannot be read at the moment", { cause });
  }
}

function present({ total, models, days }: UsageReport, { id, monthly }: Tenant, month: string): UsageAnswer {
  const { images, nanoUsd } = monthly;
  return {
    tenant: id,
    month,
    ...inUsd(total),
    limits: {
      ...(images !== undefined && { images }),
      ...(nanoUsd !== undefined && { usd: nanoUsd / 1e9 }),
    },
    models: models.map(({ name, ...counted }) => ({ name, ...inUsd(counted) })),
    days: days.map(({ date, ...counted }) => ({ date, ...inUsd(counted) })),
  };
}

function inUsd({ nanoUsd, ...rest }: UsageCounts): Omit<UsageCounts, "nanoUsd"> & { readonly usd: number } {
  return { ...rest, usd: nanoUsd / 1e9 };
}
