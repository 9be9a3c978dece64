import { asOperator } from "../operate/operator.ts";
import { readRolloutAsk } from "./rollout-ask.ts";

/** `tradewind models rollout`: a release goes out to devices ring by ring, is held, goes on, or is taken back. */
export function rollout(args: string[]): Promise<number> {
  const asked = { verb: "models rollout", read: () => readRolloutAsk(args) };
  return asOperator(asked, async (ask, operator) => {
    const { rollOut } = await import("./roll-out.ts");
    return await rollOut(ask, operator);
  });
}
