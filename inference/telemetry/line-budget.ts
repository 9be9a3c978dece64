import type { Clock } from "#infra/runtime/clock.ts";

export type LineBudget = {
  /**
   * May a line of this kind be written now? If so, the answer is how many like it were kept back since the last one;
   * if not, it is undefined.
   */
  readonly take: (kind: string) => number | undefined;
};

export type LineBudgetOptions = {
  readonly clock: Clock;
  readonly windowMs?: number;
  /** Lines of one kind in a window. */
  readonly perKind?: number;
  /** Lines of all kinds in a window. */
  readonly perWindow?: number;
  /** Kinds told apart; those that come later share what is left. */
  readonly mostKinds?: number;
};

type Kind = { told: number; kept: number };

/** A server in trouble says so a few times and then counts: a log that fills a disk is one trouble more. */
export function createLineBudget(options: LineBudgetOptions): LineBudget {
  const { clock, windowMs = 10_000, perKind = 5, perWindow = 100, mostKinds = 256 } = options;
  const kinds = new Map<string, Kind>();
  let [startedAt, told] = [clock.elapsed(), 0];
  const renew = (): void => {
    [startedAt, told] = [clock.elapsed(), 0];
    for (const [name, kind] of kinds) {
      kind.told = 0;
      if (kind.kept === 0) kinds.delete(name);
    }
  };
  const kindOf = (name: string): Kind => {
    const known = kinds.get(name);
    if (known) return known;
    if (kinds.size >= mostKinds && name !== "other") return kindOf("other");
    const kind = { told: 0, kept: 0 };
    kinds.set(name, kind);
    return kind;
  };
  return {
    take: (name) => {
      if (clock.elapsed() - startedAt >= windowMs) renew();
      const kind = kindOf(name);
      if (kind.told >= perKind || told >= perWindow) {
        kind.kept += 1;
        return undefined;
      }
      kind.told += 1;
      told += 1;
      const { kept } = kind;
      kind.kept = 0;
      return kept;
    },
  };
}
