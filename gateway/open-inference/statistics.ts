import { asTradewindError } from "#infra/runtime/errors.ts";
import type { Target } from "./find-target.ts";
import type { Passed } from "./pass-on.ts";

/** The most names that one request asks the backends about. */
const mostTargets = 64;

/**
 * What one backend of each model counted, in one list. A name that cannot be asked at the moment is left out: whoever
 * watches would rather see the others than nothing. One after the other, so that one question never takes many places.
 */
export async function readAllStatistics(
  targets: readonly Target[],
  ask: (target: Target) => Promise<Passed>,
): Promise<{ readonly model_stats: readonly unknown[] }> {
  const all: unknown[] = [];
  for (const target of targets.slice(0, mostTargets)) {
    all.push(...(await ask(target).then(listIn, noneUnlessOver)));
  }
  return { model_stats: all };
}

function listIn({ body }: Passed): readonly unknown[] {
  try {
    const { model_stats: list } = JSON.parse(body.toString("utf8")) as { readonly model_stats?: unknown };
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

function noneUnlessOver(thrown: unknown): readonly unknown[] {
  const error = asTradewindError(thrown);
  if (error.code === "caller_left" || error.code === "deadline_exceeded") throw error;
  return [];
}
