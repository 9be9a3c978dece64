import type { Objective } from "#gateway/dispatch/terms.ts";
import { moneyOf } from "#gateway/fleet/route-terms.ts";
import { ablations } from "#gateway/replay/policies/ablations.ts";
import { baselines, policies } from "#gateway/replay/policies/policies.ts";
import type { Fault } from "#gateway/replay/simulation/simulated-fleet.ts";
import type { TraceFormat } from "#gateway/replay/traces/read-trace.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { readFault, readNumber, readTime, shown, wrong } from "./read-values.ts";
import { readSettings, type Settings } from "./settings.ts";

/** What is to be replayed, and how; what nobody said is undefined, and follows from the trace and the fleet. */
export type ReplayRequest = {
  readonly trace: string;
  readonly fleet: string;
  readonly model: string | undefined;
  readonly policies: readonly string[];
  readonly sloMs: number | undefined;
  readonly objective: Objective | undefined;
  readonly seed: number;
  readonly rps: number | undefined;
  readonly copies: number | undefined;
  readonly fromMs: number | undefined;
  readonly durationMs: number | undefined;
  readonly format: TraceFormat | "auto";
  readonly wanted: "posts" | "all";
  readonly warmUpMs: number | undefined;
  readonly gateways: number;
  readonly faults: readonly Fault[];
  readonly settings: Settings;
  readonly json: boolean;
};

const options = {
  trace: { type: "string" },
  fleet: { type: "string" },
  model: { type: "string" },
  policy: { type: "string", multiple: true },
  slo: { type: "string" },
  objective: { type: "string" },
  seed: { type: "string" },
  rps: { type: "string" },
  copies: { type: "string" },
  from: { type: "string" },
  duration: { type: "string" },
  format: { type: "string" },
  requests: { type: "string" },
  "warm-up": { type: "string" },
  gateways: { type: "string" },
  fault: { type: "string", multiple: true },
  set: { type: "string", multiple: true },
  json: { type: "boolean" },
} as const;

export function readRequest(args: string[]): ReplayRequest {
  const { values } = readFlags({ args, options });
  const { trace, fleet, model, rps, copies, json = false } = values;
  if (trace === undefined || fleet === undefined) throw wrongUse();
  if (rps !== undefined && copies !== undefined)
    throw wrong("--rps and --copies: only one of them can say how busy the trace is");
  return {
    ...{ trace, fleet, model, json },
    policies: policyNames(values.policy ?? ["tradewind"]),
    ...readGoals(values),
    ...readSpan(values),
    rps: given("--rps", rps, { least: 0.001, most: 1_000_000 }),
    copies: given("--copies", copies, { least: 1, most: 100_000, whole: true }),
    format: oneOf("--format", values.format ?? "auto", formats),
    wanted: oneOf("--requests", values.requests ?? "posts", ["posts", "all"]),
    seed: readNumber("--seed", values.seed ?? "1", { least: 0, most: 2 ** 48, whole: true }),
    gateways: readNumber("--gateways", values.gateways ?? "1", { least: 1, most: 64, whole: true }),
    faults: (values.fault ?? []).map(readFault),
  };
}

const formats = ["auto", "azure-llm", "servegen", "nginx", "alb", "ledger"] as const;

type Values = Partial<Record<"slo" | "objective" | "from" | "duration" | "warm-up", string>> & {
  readonly set?: string[];
};

function readGoals({ slo, objective, set = [] }: Values) {
  return {
    sloMs: slo === undefined ? undefined : readTime("--slo", slo, { ms: 1, least: 1 }),
    objective:
      objective === undefined
        ? undefined
        : oneOf("--objective", objective, Object.keys(moneyOf) as Objective[]),
    settings: readSettings(set),
  };
}

function readSpan({ from, duration, "warm-up": warmUp }: Values) {
  const seconds = (flag: string, text: string | undefined, least = 0) =>
    text === undefined ? undefined : readTime(flag, text, { ms: 1000, least });
  return {
    fromMs: seconds("--from", from),
    durationMs: seconds("--duration", duration, 1),
    warmUpMs: seconds("--warm-up", warmUp),
  };
}

/** Names, each once and in the order of their saying: `all` stands for ours and what it is held against. */
function policyNames(given: readonly string[]): readonly string[] {
  const names = given.flatMap((text) => text.split(",")).flatMap((name) => several[name] ?? [name]);
  const unknown = names.find((name) => !Object.hasOwn(policies, name));
  if (unknown === undefined) return [...new Set(names)];
  const hint = `policies are ${Object.keys(policies).join(", ")}; or all, or ablations`;
  throw new TradewindError("parameter_invalid", `--policy: there is no policy "${shown(unknown)}"`, { hint });
}

const several: Readonly<Record<string, readonly string[]>> = Object.assign(Object.create(null), {
  all: ["tradewind", ...Object.keys(baselines)],
  ablations: ["tradewind", ...Object.keys(ablations)],
});

function given(flag: string, text: string | undefined, bounds: Parameters<typeof readNumber>[2]) {
  return text === undefined ? undefined : readNumber(flag, text, bounds);
}

function oneOf<const Name extends string>(flag: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw wrong(`${flag}: expected ${names.join(", ")}, got "${shown(text)}"`);
}

function wrongUse(): TradewindError {
  return new TradewindError(
    "request_malformed",
    "expected: tradewind replay --trace FILE --fleet FILE [--policy NAME,...|all] [--slo MS] [--seed N] [--json]",
    { hint: "see tradewind replay --help for the rest" },
  );
}
