import type { Clock } from "#infra/runtime/clock.ts";

/** What may be spent in any hour, wherever the hour begins; a sum is taken before it is spent. */
export type HourlyPurse = {
  /** Undefined where there is not so much left, or where this minute has had its part. */
  readonly take: (usd: number, usdPerHour: number) => Taken | undefined;
  readonly spentInHour: () => number;
};

/** What was taken, to be told once what of it was really spent: the rest comes back, and more than it is owed. */
export type Taken = { readonly settle: (spent: number) => void };

const minuteMs = 60_000;

/** An hour that begins within a minute touches 61 of them. */
const minutes = 61;

/** No minute takes more than four of sixty minutes' part, so that a busy one leaves the others something to see by. */
const mostOfHour = 4 / 60;

export function createHourlyPurse(clock: Pick<Clock, "elapsed">): HourlyPurse {
  const spent = new Float64Array(minutes);
  let minute = Math.floor(clock.elapsed() / minuteMs);
  const turn = (): void => {
    const now = Math.floor(clock.elapsed() / minuteMs);
    for (let passed = minute + 1; passed <= Math.min(now, minute + minutes); passed += 1)
      spent[passed % minutes] = 0;
    minute = Math.max(minute, now);
  };
  const inHour = (): number => {
    turn();
    let sum = 0;
    for (const usd of spent) sum += usd;
    return sum;
  };
  const add = (usd: number, at: number): void => {
    spent[at % minutes] = Math.max(0, (spent[at % minutes] ?? 0) + usd);
  };
  const settle = (taken: number, usd: number, at: number): void => {
    turn();
    // In the minute in which it was taken: what came back to another would be spent twice in some hour.
    if (isSum(usd) && minute - at < minutes) add(usd - taken, at);
  };
  return {
    spentInHour: inHour,
    take: (usd, usdPerHour) => {
      if (!isSum(usd) || !(inHour() + usd <= usdPerHour)) return undefined;
      const [inMinute, at] = [spent[minute % minutes] ?? 0, minute];
      // One alone may cost more than a minute's part: a service that starts for it does.
      if (inMinute > 0 && inMinute + usd > usdPerHour * mostOfHour) return undefined;
      add(usd, at);
      return { settle: (real) => settle(usd, real, at) };
    },
  };
}

function isSum(usd: number): boolean {
  return usd >= 0 && usd < Number.POSITIVE_INFINITY;
}
