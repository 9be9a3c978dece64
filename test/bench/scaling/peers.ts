import type { Orders, Scaler, View } from "./play.ts";
import type { Given, SiteTerms } from "./sites.ts";

/** What a peer has beside the first place that stands: what scales to zero takes what is too much, or nothing does. */
export type Beside = { readonly alone: boolean };

/** A count that never changes. */
export function fixed(given: Given, count: number, beside: Beside): Scaler {
  return { first: onlyFirst(given, count, beside), ask: () => [] };
}

export type HpaOptions = Beside & {
  readonly target: number;
  /** Over so long its metric is a mean. */
  readonly windowS: 15 | 60;
  /**
   *   busy   the share of their time in which instances work, as it is measured: never above 1
   *   came   what came over what they can do, which tells at once how much is too much
   */
  readonly metric: "busy" | "came";
};

/**
 * The rule of Kubernetes' HPA: desired = ceil(current x metric / target); within a tolerance of 0.1 nothing changes, at
 * most twice as many or four more each time, and down only to the most that was wanted in 300 s.
 */
export function hpa(given: Given, start: number, options: HpaOptions): Scaler {
  const [site] = given.sites;
  if (!site) throw new RangeError("there is a place");
  const most = site.declared.limits?.most ?? 1;
  const seen: View[] = [];
  let wanted: { readonly at: number; readonly count: number }[] = [];
  return {
    first: onlyFirst(given, start, options),
    ask: (view) => {
      seen.push(view);
      const current = Math.max(1, view.sites[0]?.desired ?? 1);
      const before = seen.at(-1 - options.windowS / 15) ?? nothing;
      const load = loadOf(site, { before, view, metric: options.metric });
      const ratio = load / options.target / current;
      const asked =
        Math.abs(ratio - 1) <= tolerance ? current : Math.max(1, Math.ceil(load / options.target - 1e-9));
      wanted = [
        ...wanted.filter(({ at }) => at > view.now - stabilisationMs),
        { at: view.now, count: asked },
      ];
      const highest = Math.max(...wanted.map(({ count }) => count));
      const stable = asked >= current ? asked : Math.min(current, highest);
      return [{ count: Math.min(most, stable, Math.max(current + 4, current * 2)) }];
    },
  };
}

const tolerance = 0.1;
const stabilisationMs = 300_000;

type Before = Pick<View, "now" | "came"> & { readonly sites: readonly { readonly busyMs: number }[] };

const nothing: Before = { now: 0, came: 0, sites: [] };

type Seen = { readonly before: Before; readonly view: View; readonly metric: HpaOptions["metric"] };

/** In instances that would be busy all the time. */
function loadOf({ ms, workers }: SiteTerms, { before, view, metric }: Seen): number {
  const spanMs = view.now - before.now;
  if (metric === "came") return ((view.came - before.came) * ms) / workers / spanMs;
  return ((view.sites[0]?.busyMs ?? 0) - (before.sites[0]?.busyMs ?? 0)) / workers / spanMs;
}

function onlyFirst({ sites }: Given, count: number, { alone }: Beside): Orders {
  return sites.map(({ declared }, place) => {
    if (declared.scale === "count") return { count: place === 0 ? count : 0 };
    return alone ? { most: 0 } : {};
  });
}
