import { refreshMutated } from "../../support/edge/mutated-lists.ts";
import type { Soak, SoakOptions, SoakResult } from "../soak.ts";

export const edgeMetadataSoak: Soak = {
  name: "edge-metadata",
  describe:
    "seeded mutations of signed lists against a device's trust: no crash, nothing taken that was not signed",
  quickCount: 2_000,
  fullCount: 20_000,
  run: spoilLists,
};

async function spoilLists(options: SoakOptions): Promise<SoakResult> {
  const { findings, outcomes } = await refreshMutated(options);
  return { findings, figures: outcomes };
}
