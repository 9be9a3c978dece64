import { killAgents } from "../../support/edge/kill-agents.ts";
import type { Soak } from "../soak.ts";

/** Two devices at a time, each with a gateway of its own: one mostly waits while the other computes. */
export const edgeKillsSoak: Soak = {
  name: "edge-kills",
  describe: "a real agent killed at random instants of its syncs: it starts, answers and ends in sync",
  quickCount: 30,
  fullCount: 300,
  run: async ({ count, seed, signal }) => {
    const shares = [Math.ceil(count / 2), Math.floor(count / 2)];
    const results = await Promise.all(
      shares.map((share, place) => killAgents({ count: share, seed: 2 * seed + place, signal })),
    );
    const figures: Record<string, number> = {};
    for (const { found } of results)
      for (const [stage, kills] of Object.entries(found)) figures[stage] = (figures[stage] ?? 0) + kills;
    return { findings: results.flatMap(({ findings }) => findings), figures };
  },
};
