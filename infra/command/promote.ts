import { asOperator } from "./operate/operator.ts";
import { readTurnAsk } from "./operate/turn-ask.ts";

/** `tradewind promote [ROLLOUT | PROVIDER]`: what stands beside becomes what answers, whatever was measured. */
export function promote(args: string[]): Promise<number> {
  const asked = { verb: "promote", read: () => readTurnAsk("promote", args) };
  return asOperator(asked, async (ask, operator) => {
    const { turn } = await import("./operate/turn.ts");
    return await turn("promote", ask, operator);
  });
}
