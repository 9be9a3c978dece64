/** What a run costs in milliseconds: perRun + perItem * items. */
export type RunCost = { readonly perRun: number; readonly perItem: number };

export type Sample = { readonly items: number; readonly ms: number };

/** Learns the cost of runs from the last of them. */
export type CostLearner = {
  readonly learn: (items: number, ms: number) => void;
  /** Undefined until a few runs were seen. */
  readonly learned: Learned | undefined;
};

export type Learned = {
  readonly cost: RunCost;
  /** The mean of the last runs. */
  readonly items: number;
};

const keptSamples = 50;
const fewSamples = 5;
const rounds = 20;

export function costOf({ perRun, perItem }: RunCost, items: number): number {
  return perRun + perItem * items;
}

export function createCostLearner(): CostLearner {
  let samples: Sample[] = [];
  let learned: Learned | undefined;
  let fresh = 0;
  return {
    learn: (items, ms) => {
      if (!(items >= 1 && ms >= 0 && Number.isFinite(items + ms))) return;
      samples.push({ items, ms });
      if (samples.length > keptSamples) samples.shift();
      fresh += 1;
    },
    get learned() {
      // Asked for before every run, so the line is drawn anew only when enough has changed to move it.
      if (samples.length >= fewSamples && fresh * 8 >= samples.length) {
        samples = sinceChange(samples);
        learned = { cost: fitCost(samples), items: meanItems(samples) };
        fresh = 0;
      }
      return learned;
    },
  };
}

/**
 * Least squares, drawn again and again with each sample weighing less the farther it lay from the last line: a run that
 * took a hundred times as long, because the machine slept, moves next to nothing.
 */
export function fitCost(samples: readonly Sample[]): RunCost {
  const weights = new Float64Array(samples.length).fill(1);
  let cost = leastSquares(samples, weights);
  for (let round = 0; round < rounds; round += 1) {
    weigh(samples, cost, weights);
    cost = leastSquares(samples, weights);
  }
  return cost;
}

/** When the newest few all took twice as long as the line says, or half, the times before them are over. */
export function sinceChange(samples: readonly Sample[]): Sample[] {
  const newest = samples.slice(-fewSamples);
  const before = samples.slice(0, -fewSamples);
  if (before.length < fewSamples) return [...samples];
  const cost = fitCost(before);
  const slower = newest.every(({ items, ms }) => ms > 2 * costOf(cost, items));
  const faster = newest.every(({ items, ms }) => 2 * ms < costOf(cost, items));
  return slower || faster ? newest : [...samples];
}

function meanItems(samples: readonly Sample[]): number {
  return samples.reduce((sum, { items }) => sum + items, 0) / samples.length;
}

/** Nearer than a hundredth of itself a sample is as good as on the line. */
function weigh(samples: readonly Sample[], cost: RunCost, weights: Float64Array): void {
  samples.forEach(({ items, ms }, index) => {
    const expected = costOf(cost, items);
    weights[index] = 1 / Math.max(Math.abs(ms - expected), expected / 100, Number.EPSILON);
  });
}

/** Neither part is ever negative; where all samples have one size nothing tells the parts apart, and all is `perRun`. */
function leastSquares(samples: readonly Sample[], weights: Float64Array): RunCost {
  const { items, ms, itemsItems, itemsMs } = weightedMeans(samples, weights);
  const spread = itemsItems - items * items;
  const slope = spread > itemsItems * Number.EPSILON * 8 ? (itemsMs - items * ms) / spread : 0;
  if (slope <= 0) return { perRun: ms, perItem: 0 };
  const perRun = ms - slope * items;
  return perRun >= 0 ? { perRun, perItem: slope } : { perRun: 0, perItem: itemsMs / itemsItems };
}

function weightedMeans(samples: readonly Sample[], weights: Float64Array) {
  const sums = { items: 0, ms: 0, itemsItems: 0, itemsMs: 0 };
  let total = 0;
  samples.forEach(({ items, ms }, index) => {
    const weight = weights[index] ?? 0;
    total += weight;
    sums.items += weight * items;
    sums.ms += weight * ms;
    sums.itemsItems += weight * items * items;
    sums.itemsMs += weight * items * ms;
  });
  return {
    items: sums.items / total,
    ms: sums.ms / total,
    itemsItems: sums.itemsItems / total,
    itemsMs: sums.itemsMs / total,
  };
}
