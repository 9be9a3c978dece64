import { routeInWords } from "#gateway/config/route-in-words.ts";
import { configWarnings } from "#gateway/config/warnings.ts";
import { loadConfig } from "#gateway/load-config.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/**
 * `tradewind config check [FILE]`: says what a configuration declares, what its routes will do and what may not be meant,
 * or everything that is wrong with it.
 */
export async function check(args: readonly string[]): Promise<number> {
  const [file = "tradewind.yaml", ...more] = args;
  if (more.length > 0)
    throw new TradewindError("request_malformed", "expected: tradewind config check [FILE]");
  const config = await loadConfig(file);
  const { models, providers, routes } = config;
  const counts = [count(models, "model"), count(providers, "provider"), count(routes, "route")];
  console.log(`${file} is valid: ${counts.join(", ")}`);
  for (const line of routes.flatMap(routeInWords)) console.log(`  ${line}`);
  for (const warning of configWarnings(config, Date.now())) console.log(`warning: ${warning}`);
  return 0;
}

function count(of: object, what: string): string {
  const number = Object.keys(of).length;
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
