import { loadConfig } from "#gateway/load-config.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** `tradewind config check [FILE]`: says what a configuration declares, or everything that is wrong with it. */
export async function config(args: readonly string[]): Promise<number> {
  const [verb, file = "tradewind.yaml", ...more] = args;
  if (verb !== "check" || more.length > 0)
    throw new TradewindError("request_malformed", "expected: tradewind config check [FILE]");
  const { models, providers, routes } = await loadConfig(file);
  const count = (of: object, what: string): string => {
    const number = Object.keys(of).length;
    return `${number} ${what}${number === 1 ? "" : "s"}`;
  };
  console.log(
    `${file} is valid: ${count(models, "model")}, ${count(providers, "provider")}, ${count(routes, "route")}`,
  );
  return 0;
}
