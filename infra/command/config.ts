import { TradewindError } from "#infra/runtime/errors.ts";

type Verb = (args: string[]) => Promise<number>;

const verbs: Readonly<Record<string, Verb>> = {
  check: async (args) => (await import("./config/check.ts")).check(args),
  schema: async (args) => (await import("./config/schema.ts")).schema(args),
  publish: async (args) => (await import("./config/publish.ts")).publish(args),
  history: async (args) => (await import("./config/history.ts")).history(args),
  diff: async (args) => (await import("./config/diff.ts")).diff(args),
  rollback: async (args) => (await import("./config/rollback.ts")).rollback(args),
};

/** `tradewind config VERB`: a file looked at here, or the versions that the gateways of a database follow. */
export async function config(args: readonly string[]): Promise<number> {
  const [name = "", ...rest] = args;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb) return await verb(rest);
  const known = Object.keys(verbs).join(" | ");
  throw new TradewindError("request_malformed", `expected: tradewind config ${known}`);
}
