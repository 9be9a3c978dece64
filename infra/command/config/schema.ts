import { configJsonSchema } from "#gateway/config/json-schema.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** `tradewind config schema`: the JSON Schema of a configuration, as gateway/tradewind.schema.json has it for editors. */
export async function schema(args: readonly string[]): Promise<number> {
  if (args.length > 0) throw new TradewindError("request_malformed", "expected: tradewind config schema");
  console.log(JSON.stringify(configJsonSchema(), undefined, 2));
  return 0;
}
