import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Provider } from "./provider.ts";

/** All or none: what was opened is closed again when another cannot be, and the failure says whose it is. */
export async function openAll(
  openings: Readonly<Record<string, () => Promise<Provider>>>,
): Promise<ReadonlyMap<string, Provider>> {
  const opened = await Promise.allSettled(Object.entries(openings).map(([name, open]) => named(name, open)));
  const providers = new Map(opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])));
  const failed = opened.find((one) => one.status === "rejected");
  if (failed === undefined) return providers;
  await Promise.allSettled([...providers.values()].map((provider) => provider.close()));
  throw failed.reason;
}

async function named(name: string, open: () => Promise<Provider>): Promise<readonly [string, Provider]> {
  try {
    return [name, await open()];
  } catch (thrown) {
    const { code, message, hint, cause } = asTradewindError(thrown);
    const details = { cause, ...(hint !== undefined && { hint }) };
    throw new TradewindError(code, `providers.${name}: ${message}`, details);
  }
}
