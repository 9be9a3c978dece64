import process from "node:process";
import { TradewindError } from "#infra/runtime/errors.ts";
import { describeFailure } from "#infra/runtime/lifecycle.ts";

/** What a verb is asked to do, read whole before anything is done. */
type Read = (args: string[]) => () => Promise<number>;

/** The code of one is loaded only when it is called. */
const verbs: ReadonlyMap<string, () => Promise<Read>> = new Map([
  ["quantize", async () => (await import("./models/read-quantize.ts")).readQuantize],
  ["keys", async () => (await import("./models/make-keys.ts")).makeKeys],
  ["repository", async () => (await import("./models/make-repository.ts")).makeRepository],
  ["family", async () => (await import("./models/make-family.ts")).makeFamily],
  ["publish", async () => (await import("./models/publish.ts")).publish],
  ["revoke", async () => (await import("./models/revoke.ts")).revoke],
  ["freshen", async () => (await import("./models/freshen.ts")).freshen],
  ["list", async () => (await import("./models/list.ts")).list],
  ["rotate", async () => (await import("./models/rotate.ts")).rotate],
  ["sign", async () => (await import("./models/sign.ts")).sign],
  ["rollout", loadRollout],
]);

const usage = `expected: tradewind models ${[...verbs.keys()].join(" | ")}`;

/** `tradewind models VERB`: what is done to model files, and what is published of them. Wrong use is exit code 2. */
export async function models(args: string[]): Promise<number> {
  let run: () => Promise<number>;
  try {
    const [verb = "", ...rest] = args;
    const load = verbs.get(verb);
    if (!load) throw new TradewindError("request_malformed", usage);
    run = (await load())(rest);
  } catch (error) {
    process.stderr.write(`tradewind models: ${describeFailure(error)}\n`);
    return 2;
  }
  return await run();
}

/** Speaks with gateways' records, as operators' commands do, and says itself what is wrong with its use. */
async function loadRollout(): Promise<Read> {
  const { rollout } = await import("./models/rollout.ts");
  return (args) => () => rollout(args);
}
