import { z } from "zod";
import {
  type Gate,
  gate,
  type Ring,
  ringList,
  usualGate,
  usualRings,
} from "#gateway/devices/rings/rollout.ts";
import type { RolloutTurn } from "#gateway/records/edge-rollouts.ts";
import { modelName } from "#gateway/records/rights.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { durationUpTo, shareUpTo } from "#infra/runtime/config/units.ts";
import { deviceId } from "#infra/runtime/devices/words.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type RolloutAsk =
  | {
      readonly verb: "start";
      readonly model: string;
      readonly release: number;
      readonly rings: readonly Ring[];
      readonly gate: Gate;
      readonly note: string;
      /** The signed repository, which is looked into before anything begins. */
      readonly store: string | undefined;
    }
  | { readonly verb: RolloutTurn | "forget"; readonly model: string }
  | { readonly verb: "pin"; readonly device: string; readonly model: string; readonly release: number }
  | { readonly verb: "unpin"; readonly device: string; readonly model: string };

const options = {
  rings: { type: "string" },
  least: { type: "string" },
  soak: { type: "string" },
  "max-failures": { type: "string" },
  "min-agreement": { type: "string" },
  note: { type: "string" },
  store: { type: "string" },
} as const;

type Flags = { readonly [Flag in keyof typeof options]?: string | undefined };

const usage = [
  "expected: tradewind models rollout start MODEL RELEASE [--rings label=canary,10%,50%,100%] [--least N] [--soak 10m] [--max-failures 5%] [--min-agreement 0.97] [--note TEXT] [--store URL]",
  "or tradewind models rollout pause|resume|stop|rollback|forget MODEL",
  "or tradewind models rollout pin DEVICE MODEL RELEASE, or unpin DEVICE MODEL",
].join(", ");

/** What `tradewind models rollout` is asked to do, or what is wrong with that. */
export function readRolloutAsk(args: string[]): RolloutAsk {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  const [verb = "", ...words] = positionals;
  const read = Object.hasOwn(verbs, verb) ? verbs[verb as keyof typeof verbs] : undefined;
  if (!read || words.length !== read.words) throw new TradewindError("request_malformed", usage);
  const [stray] = Object.keys(values);
  if (verb !== "start" && stray !== undefined)
    throw new TradewindError("request_malformed", `rollout ${verb} takes no --${stray}`);
  return read.ask(words, values);
}

type Verb = { readonly words: number; readonly ask: (words: readonly string[], flags: Flags) => RolloutAsk };

const turn = (verb: RolloutTurn | "forget"): Verb => ({
  words: 1,
  ask: ([model]) => ({ verb, model: readModel(model) }),
});

const verbs = {
  start: {
    words: 2,
    ask: ([model, release], flags) => ({
      ...{ verb: "start", model: readModel(model), release: readRelease(release) },
      ...{ rings: readRings(flags.rings), gate: readGate(flags), note: flags.note ?? "" },
      store: flags.store,
    }),
  },
  pause: turn("pause"),
  resume: turn("resume"),
  stop: turn("stop"),
  rollback: turn("rollback"),
  forget: turn("forget"),
  pin: {
    words: 3,
    ask: ([device, model, release]) => ({
      ...{ verb: "pin", device: readDevice(device), model: readModel(model), release: readRelease(release) },
    }),
  },
  unpin: {
    words: 2,
    ask: ([device, model]) => ({ verb: "unpin", device: readDevice(device), model: readModel(model) }),
  },
} as const satisfies Record<string, Verb>;

function readRings(given: string | undefined): readonly Ring[] {
  if (given === undefined) return usualRings;
  const wanted = given.split(",").map((one) => {
    const [, label] = /^label=(.*)$/.exec(one.trim()) ?? [];
    return label === undefined
      ? { share: check("--rings", share, shareText(one.trim())) }
      : { devices: label };
  });
  return check("--rings", ringList, wanted);
}

function readGate(flags: Flags): Gate {
  const { least, soak, "max-failures": failures, "min-agreement": agreement } = flags;
  return {
    least: least === undefined ? usualGate.least : check("--least", gate.shape.least, number(least)),
    soakMs: soak === undefined ? usualGate.soakMs : check("--soak", soakTime, soak),
    maxFailures:
      failures === undefined ? usualGate.maxFailures : check("--max-failures", share, shareText(failures)),
    minAgreement:
      agreement === undefined
        ? usualGate.minAgreement
        : Math.round(check("--min-agreement", share, shareText(agreement)) * 1_000_000),
  };
}

const share = shareUpTo(1);
const soakTime = z
  .literal("0")
  .transform(() => 0)
  .or(durationUpTo("30d"));
const release = z
  .int()
  .min(1)
  .max(2 ** 31);

/** `0.05` as a number, and `5%` as it is written. */
function shareText(text: string): string | number {
  return /^\d*\.?\d+$/.test(text) ? Number(text) : text;
}

function number(text: string): number {
  return /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
}

function readModel(given: string | undefined): string {
  return check("MODEL", modelName, given);
}

function readDevice(given: string | undefined): string {
  return check("DEVICE", deviceId, given);
}

function readRelease(given = ""): number {
  return check("RELEASE", release, number(given.replace(/^v/, "")));
}

function check<Schema extends z.ZodType>(what: string, schema: Schema, given: unknown): z.output<Schema> {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const said = read.error.issues[0]?.message ?? "expected something else";
  throw new TradewindError("parameter_invalid", `${what}: ${said}`);
}
