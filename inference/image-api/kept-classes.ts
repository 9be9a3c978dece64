import { TradewindError } from "#infra/runtime/errors.ts";

/**
 * The numbers of the classes that a caller named, by name or by number; a class whose name is a number goes by its
 * name. What the model does not know is refused, since an answer without it would look as if nothing was there.
 */
export function keptClasses(asked: readonly string[], names: readonly string[]): ReadonlySet<number> {
  const wanted = new Set(asked);
  const found = new Set<string>();
  const kept = new Set<number>();
  for (const [number, name] of names.entries()) {
    if (!wanted.has(name)) continue;
    kept.add(number);
    found.add(name);
  }
  for (const each of wanted) if (!found.has(each)) kept.add(asNumber(each, names));
  return kept;
}

function asNumber(text: string, names: readonly string[]): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : names.length;
  if (number < names.length) return number;
  throw new TradewindError(
    "parameter_invalid",
    `classes names ${JSON.stringify(text.slice(0, 40))}, which the model does not know; GET /v1/models lists its names`,
  );
}
