import { monthOf } from "./month.ts";
import {
  addUsage,
  noUsage,
  type UsageBatch,
  type UsageCounts,
  type UsageReport,
  type UsageRow,
  type UsageStore,
} from "./usage-store.ts";

/** Of one tenant in one month. */
type Entry = {
  readonly tenant: string;
  readonly month: string;
  total: UsageCounts;
  readonly models: Map<string, UsageCounts>;
  readonly days: Map<string, UsageCounts>;
};

/** More would be names that somebody makes up; they are counted together, under no name. */
const mostModels = 1_000;

/** Usage for a gateway without a database: each process knows its own, and a restart forgets it. */
export function createUsageInMemory({ most = 20_000 }: { readonly most?: number } = {}): UsageStore {
  const entries = new Map<string, Entry>();
  return {
    write: async ({ rows }: UsageBatch) => {
      for (const row of rows) addRow(entryOf(entries, row, most), row);
    },
    months: async (month) =>
      [...entries.values()]
        .filter((entry) => entry.month === month)
        .map(({ tenant, total }) => ({ tenant, images: total.images, nanoUsd: total.nanoUsd })),
    report: async ({ tenant, month }) => present(entries.get(nameOf(tenant, month))),
  };
}

/** The oldest goes when there are too many, which is that of a month long gone. */
function entryOf(entries: Map<string, Entry>, { tenant, hour }: UsageRow, most: number): Entry {
  const month = monthOf(hour);
  const name = nameOf(tenant, month);
  const found = entries.get(name);
  if (found) return found;
  const oldest = entries.keys().next();
  if (entries.size >= most && !oldest.done) entries.delete(oldest.value);
  const entry = { tenant, month, total: noUsage, models: new Map(), days: new Map() };
  entries.set(name, entry);
  return entry;
}

function addRow(entry: Entry, row: UsageRow): void {
  const { models, days } = entry;
  const model = models.has(row.model) || models.size < mostModels ? row.model : "";
  const day = new Date(row.hour).toISOString().slice(0, 10);
  entry.total = addUsage(entry.total, row);
  models.set(model, addUsage(models.get(model) ?? noUsage, row));
  days.set(day, addUsage(days.get(day) ?? noUsage, row));
}

function present(entry: Entry | undefined): UsageReport {
  if (!entry) return { total: noUsage, models: [], days: [] };
  const models = [...entry.models].map(([name, counts]) => ({ name, ...counts }));
  const days = [...entry.days].map(([date, counts]) => ({ date, ...counts }));
  return {
    total: entry.total,
    models: models.sort((one, other) => other.images - one.images),
    days: days.sort((one, other) => (one.date < other.date ? -1 : 1)),
  };
}

function nameOf(tenant: string, month: string): string {
  return `${month} ${tenant}`;
}
