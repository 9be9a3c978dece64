import type { Fault } from "#gateway/replay/simulation/simulated-fleet.ts";

/** A recording, how busy it is made, and which part of it is played: cut so that all runs take minutes, not hours. */
export type Load = {
  readonly name: string;
  readonly file: string;
  readonly rate: { readonly copies: number } | { readonly rps: number };
  readonly fromS: number;
  readonly seconds: number;
  /** In this time everybody learns, and nothing counts. */
  readonly warmUpS: number;
};

const azure: Load = {
  name: "azure x20",
  file: "AzureLLMInferenceTrace_code.csv",
  rate: { copies: 20 },
  fromS: 0,
  seconds: 1_200,
  warmUpS: 300,
};

const images = (rps: number, seconds = 960): Load => ({
  name: `images ${rps}/s`,
  file: "servegen_mm_image_clients.csv",
  rate: { rps },
  fromS: 36_000,
  seconds,
  warmUpS: 180,
});

/** What happens to a fleet while a load is on it. */
export type Scenario = {
  readonly name: string;
  readonly fleet: string;
  readonly load: Load;
  readonly slosMs: readonly number[];
  /** Of the faults the first is watched: what is missed while it lasts, and how soon its backend is back in use. */
  readonly faults: readonly Fault[];
  /** Who take requests in turn and tell each other of themselves once a second; one where it is not said. */
  readonly gateways?: number;
  /** Whether every objective and every baseline runs, or only `balanced` against the strongest of them. */
  readonly isWhole: boolean;
};

const both = [250, 1_000];

/** Six backends, of which the first is the fastest and paid for anyway. */
const six = (load: Load, name: string, faults: readonly Fault[] = []): Scenario => ({
  ...{ name, load, faults },
  ...{ fleet: "six", slosMs: both, isWhole: true },
});

function throughAll(load: Load): Scenario[] {
  const at = (seconds: number): number => (load.warmUpS + seconds) * 1_000;
  const best = { backend: "l4-ecs", fromMs: at(0), toMs: at(600) };
  const slow = { backend: "l4-ecs", fromMs: at(240), toMs: at(570) };
  const dearer = { backend: "run-cpu", fromMs: at(400), toMs: load.seconds * 1_000 };
  return [
    six(load, "base"),
    six(load, "outage", [{ ...best, kind: "down" }]),
    six(load, "slow", [{ ...slow, kind: "slow", factor: 10 }]),
    six(load, "price", [{ ...dearer, kind: "price", factor: 5 }]),
    { ...six({ ...load, seconds: 600, warmUpS: 0 }, "cold"), fleet: "cold" },
  ];
}

/** Others than the one that everything is tuned with, and at `balanced` alone. */
function elsewhere(load: Load): Scenario[] {
  const other = (fleet: string): Scenario => {
    return { name: fleet, fleet, load, slosMs: [250], faults: [], isWhole: false };
  };
  const four = { ...other("six"), name: "4 gateways", gateways: 4 };
  return [other("six-drift"), other("six-measured"), other("thirty"), four];
}

export const scenarios: readonly Scenario[] = [
  ...throughAll(azure),
  ...throughAll(images(100)),
  six(images(50, 600), "base"),
  six(images(200, 600), "base"),
  ...elsewhere(azure),
];

/** A minute and a half of each, so that a smoke sees everything once. */
export function shortened(scenario: Scenario): Scenario {
  const { load, faults } = scenario;
  const factor = shortS / load.seconds;
  return {
    ...scenario,
    slosMs: scenario.slosMs.slice(0, 1),
    load: {
      ...load,
      fromS: load.fromS + 180,
      seconds: shortS,
      warmUpS: load.warmUpS * factor,
    },
    faults: faults.map((fault) => ({
      ...fault,
      fromMs: fault.fromMs * factor,
      toMs: fault.toMs * factor,
    })),
  };
}

const shortS = 90;

/** Where guards show what they are for. */
export const withGuards: readonly Scenario[] = [
  ...throughAll(azure).filter(({ name }) => name !== "price"),
  ...elsewhere(azure).filter(({ name }) => name !== "six-measured"),
  // With time enough to wait it is room that is short, and not speed.
  { ...six(azure, "base"), slosMs: [1_000] },
  {
    ...{ name: "two-clouds", fleet: "two-clouds", slosMs: [250], faults: [], isWhole: false },
    // Its own outage comes after twenty minutes.
    load: { ...azure, seconds: 1_980, warmUpS: 900 },
  },
];
