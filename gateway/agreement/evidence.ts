/**
 * Evidence that a mean lies below, or above, a bound, gathered one number between 0 and 1 at a time. It is the money of
 * someone who bets on it: where the mean does not lie there, the bets lose on average, and so the money grows a
 * thousandfold only once in a thousand looks on average, however often one looks. Who is broke begins anew with 1, so
 * that a change is seen soon however long all was well before.
 */
export type Evidence = {
  /** Bets that the next number lies on this side of the bound, then takes the number. */
  readonly add: (value: number, bound: number) => void;
  /** How many times over it is shown. */
  readonly strength: () => number;
  readonly clear: () => void;
};

/** Parts of the money that are set: little finds a small difference, much finds a large one soon. */
const stakes = [0.02, 0.1, 0.25, 0.5, 0.9] as const;

/** More than anybody asks for, and far from where numbers end. */
const strongest = 40;

export function createEvidence(side: "below" | "above"): Evidence {
  /** Logarithms of the money of each. */
  const purses = new Float64Array(stakes.length);
  return {
    add: (value, bound) => {
      for (let place = 0; place < stakes.length; place += 1) {
        const grown = (purses[place] ?? 0) + Math.log1p(gainOf(side, value, bound, stakes[place] ?? 0));
        purses[place] = Math.min(strongest, Math.max(0, grown));
      }
    },
    strength: () => {
      let sum = 0;
      for (const purse of purses) sum += Math.exp(purse);
      return sum / stakes.length;
    },
    clear: () => {
      purses.fill(0);
    },
  };
}

/** What one money unit gains: at worst the stake is lost, and with the mean at the bound nothing is won on average. */
function gainOf(side: "below" | "above", value: number, bound: number, stake: number): number {
  const inside = Math.min(0.999, Math.max(0.001, bound));
  const number = Math.min(1, Math.max(0, value));
  return side === "below" ? (stake * (inside - number)) / (1 - inside) : (stake * (number - inside)) / inside;
}
