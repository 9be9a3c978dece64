import { asOperator } from "./operate/operator.ts";
import { readPlanAsk } from "./operate/plan-ask.ts";

/** `tradewind plan`: what `tradewind fleet --apply` would do now, and why. */
export function plan(args: string[]): Promise<number> {
  const asked = { verb: "plan", read: () => readPlanAsk(args) };
  return asOperator(asked, async (ask, operator) => {
    const { tellPlan } = await import("./operate/tell-plan.ts");
    return await tellPlan(ask, operator);
  });
}
