import { readDeployAsk } from "./operate/deploy-ask.ts";
import { asOperator } from "./operate/operator.ts";

/** `tradewind deploy --image NAME@sha256:...`: something new on its way, one provider after the other, past its gates. */
export function deploy(args: string[]): Promise<number> {
  const asked = { verb: "deploy", read: () => readDeployAsk(args) };
  return asOperator(asked, async (ask, operator) => {
    const { beginDeploy } = await import("./operate/begin-deploy.ts");
    return await beginDeploy(ask, operator);
  });
}
