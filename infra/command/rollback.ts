import { asOperator } from "./operate/operator.ts";
import { readTurnAsk } from "./operate/turn-ask.ts";

/** `tradewind rollback [ROLLOUT | PROVIDER]`: what is new goes away, and what answered before answers again. */
export function rollback(args: string[]): Promise<number> {
  const asked = { verb: "rollback", read: () => readTurnAsk("rollback", args) };
  return asOperator(asked, async (ask, operator) => {
    const { turn } = await import("./operate/turn.ts");
    return await turn("rollback", ask, operator);
  });
}
