import type { KnownBackends } from "../known-backends.ts";
import type { ToldLatency } from "../latency-model.ts";
import { readLatencies } from "./told.ts";

/** Models by backend of which this gateway has seen little. */
export type LittleKnown = ReadonlyMap<string, ReadonlySet<string>>;

export function littleKnown(known: Pick<KnownBackends, "latencies">): LittleKnown {
  const little = new Map<string, Set<string>>();
  for (const { backend, model, latency } of known.latencies()) {
    if (!latency.knowsLittle) continue;
    little.set(backend, (little.get(backend) ?? new Set<string>()).add(model));
  }
  return little;
}

export type Learned = { readonly words: readonly (Uint8Array | undefined)[]; readonly now: number };

/** Takes over what others have learned; of all of them together, so that each one's samples are in it once. */
export function adoptLatencies(
  known: Pick<KnownBackends, "latencies">,
  wanted: LittleKnown,
  { words, now }: Learned,
): void {
  const told = words.flatMap((bytes) => (bytes ? [readLatencies(bytes, wanted)] : []));
  if (told.length === 0) return;
  for (const { backend, model, latency } of known.latencies()) {
    const learned = told.flatMap(
      (one): ToldLatency | readonly ToldLatency[] => one.get(backend)?.get(model) ?? [],
    );
    if (learned.length > 0) latency.adopt(learned, now);
  }
}
