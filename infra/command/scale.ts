import { asOperator } from "./operate/operator.ts";
import { readScaleAsk } from "./operate/scale-ask.ts";

/** `tradewind scale PROVIDER COUNT|LEAST..MOST`: more or fewer by hand. */
export function scale(args: string[]): Promise<number> {
  const asked = { verb: "scale", read: () => readScaleAsk(args) };
  return asOperator(asked, async (ask, operator) => {
    const { scaleByHand } = await import("./operate/scale-by-hand.ts");
    return await scaleByHand(ask, operator);
  });
}
