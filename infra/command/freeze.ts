import { readFreezeAsk } from "./operate/freeze-ask.ts";
import { asOperator } from "./operate/operator.ts";

/** `tradewind freeze [PROVIDER]`: nothing is scaled, deployed or promoted there until it is taken off. */
export function freeze(args: string[]): Promise<number> {
  const asked = { verb: "freeze", read: () => readFreezeAsk(args) };
  return asOperator(asked, async (ask, operator) => {
    const { freezeByHand } = await import("./operate/freeze-by-hand.ts");
    return await freezeByHand(ask, operator);
  });
}
