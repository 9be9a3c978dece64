import { killAgents } from "../../support/edge/kill-agents.ts";
import type { Soak } from "../soak.ts";

export const edgeKillsSoak: Soak = {
  name: "edge-kills",
  describe: "a real agent killed at random instants of its syncs: it starts, answers and ends in sync",
  quickCount: 30,
  fullCount: 300,
  run: async (options) => {
    const { findings, found } = await killAgents(options);
    return { findings, figures: found };
  },
};
