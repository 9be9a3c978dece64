import { asOperator } from "./operate/operator.ts";
import { readStatusAsk } from "./operate/status-ask.ts";

/** `tradewind status`: what stands where, what is under way, and how what is tried out does beside the rest. */
export function status(args: string[]): Promise<number> {
  const asked = { verb: "status", read: () => readStatusAsk(args) };
  return asOperator(asked, async (ask, operator) => {
    const { tellStatus } = await import("./operate/tell-status.ts");
    return await tellStatus(ask, operator);
  });
}
