import process from "node:process";
import { TradewindError } from "#infra/runtime/errors.ts";
import { describeFailure } from "#infra/runtime/lifecycle.ts";
import { readQuantizeAsk } from "./models/quantize-ask.ts";

const usage = "expected: tradewind models quantize MODEL.onnx --images DIR --out FILE";

/** `tradewind models quantize MODEL.onnx`: what is done to model files. Wrong use is exit code 2. */
export async function models(args: string[]): Promise<number> {
  let ask: ReturnType<typeof readQuantizeAsk>;
  try {
    const [verb, ...rest] = args;
    if (verb !== "quantize") throw new TradewindError("request_malformed", usage);
    ask = readQuantizeAsk(rest);
  } catch (error) {
    process.stderr.write(`tradewind models: ${describeFailure(error)}\n`);
    return 2;
  }
  const { quantize } = await import("./models/quantize.ts");
  return await quantize(ask);
}
