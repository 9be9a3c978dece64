import { asTradewindError } from "#infra/runtime/errors.ts";
import type { Target } from "./find-target.ts";
import type { Passed } from "./pass-on.ts";

/** The most names that one request asks the backends about, and how many of them at once. */
const [mostTargets, atOnce] = [64, 16] as const;

/**
 * What one backend of each model counted, in one list. A name that cannot be asked at the moment is left out: whoever
 * watches would rather see the others than nothing.
 */
export async function readAllStatistics(
  targets: readonly Target[],
  ask: (target: Target) => Promise<Passed>,
): Promise<{ readonly model_stats: readonly unknown[] }> {
  const lists: (readonly unknown[])[] = [];
  const queue = targets.slice(0, mostTargets).entries();
  const askNext = async (): Promise<void> => {
    for (const [place, target] of queue) {
      lists[place] = await ask(target).then((passed) => listIn(passed, target), noneUnlessOver);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askNext));
  return { model_stats: lists.flat() };
}

/** Of the model that was asked about and no other, whatever else the backend tells. */
function listIn({ body }: Passed, { name }: Target): readonly unknown[] {
  try {
    const { model_stats: list } = JSON.parse(body.toString("utf8")) as { readonly model_stats?: unknown };
    return Array.isArray(list) ? list.filter((one: { name?: unknown } | null) => one?.name === name) : [];
  } catch {
    return [];
  }
}

function noneUnlessOver(thrown: unknown): readonly unknown[] {
  const error = asTradewindError(thrown);
  if (error.code === "caller_left" || error.code === "deadline_exceeded") throw error;
  return [];
}
