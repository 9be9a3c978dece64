import type { ScaleFacts } from "./scale-facts.ts";

/** A coming hour cannot be known from less than that. */
const leastMs = 600_000;

/** For how long demand has to be counted yet before anything is taken away: nothing counted is not nothing that came. */
export function stillToLearnMs({ forecast, places }: Pick<ScaleFacts, "forecast" | "places">): number {
  const wantedMs = Math.max(leastMs, ...places.map(({ limits }) => limits?.coolDownMs ?? 0));
  return Math.max(0, wantedMs - forecast.learned.seconds * 1_000);
}
