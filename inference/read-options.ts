import { availableParallelism } from "node:os";
import type { z } from "zod";
import { readPort } from "#infra/runtime/config/port.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { byteSizeUpTo, durationUpTo } from "#infra/runtime/config/units.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type ExecutionProvider, executionProviders } from "./engine/messages.ts";
import type { Control } from "./models/repository/model-repository.ts";
import { readPlace } from "./read-place.ts";
import type { ServeOptions } from "./serve.ts";

/** What a person says about a backend; what only the machine knows is added by the process. */
export type Flags = Omit<ServeOptions, "machine" | "log" | "callSecrets"> & {
  /** Only who knows the secret is let in. */
  readonly signedCalls: boolean;
  /** Undefined: as much as the machine has room for. */
  readonly maxMemoryBytes: number | undefined;
};

/** Where the backend listens when nobody says so, and where its models are. */
export type Defaults = {
  readonly host: string;
  readonly port: string;
  readonly models?: string | undefined;
};

/** Reads the flags of `tradewind backend`, all of them or an error that names the wrong one. */
export function readOptions(args: readonly string[], { host, port, models: usual }: Defaults): Flags {
  const { values } = readFlags({
    args: [...args],
    options: {
      models: { type: "string" },
      model: { type: "string" },
      upstream: { type: "string" },
      "upstream-model": { type: "string", multiple: true },
      "model-settings": { type: "string" },
      cache: { type: "string" },
      "model-control": { type: "string" },
      "load-model": { type: "string", multiple: true },
      "poll-every": { type: "string", default: "15s" },
      "images-only": { type: "boolean", default: false },
      host: { type: "string", default: host },
      port: { type: "string", default: port },
      workers: { type: "string", default: "auto" },
      isolate: { type: "boolean" },
      "execution-providers": { type: "string" },
      "run-timeout": { type: "string", default: "60s" },
      "max-body": { type: "string", default: "64MiB" },
      "max-memory": { type: "string" },
      "signed-calls": { type: "boolean", default: false },
    },
  });
  const isSaid = [values.models, values.model, values.upstream].some((place) => place !== undefined);
  const models = readPlace(isSaid ? values : { ...values, models: usual || undefined });
  const isUpstream = models.kind === "upstream";
  return {
    models,
    // A folder's owner knows when it changes; another server's models come and go.
    control: readControl(values, isUpstream ? "poll" : "none"),
    imagesOnly: values["images-only"],
    signedCalls: values["signed-calls"],
    host: values.host,
    port: readPort(values.port),
    workers: readWorkers(values.workers, isUpstream ? requestsAtOnce : availableParallelism()),
    isolate: values.isolate ?? false,
    executionProviders: readProviders(values["execution-providers"] ?? executionProviders.join(",")),
    runTimeoutMs: readAmount("run-timeout", durationUpTo("24h"), values["run-timeout"]),
    maxBodyBytes: readAmount("max-body", byteSizeUpTo("1GiB"), values["max-body"]),
    maxMemoryBytes:
      values["max-memory"] === undefined
        ? undefined
        : readAmount("max-memory", byteSizeUpTo("1024GiB"), values["max-memory"]),
  };
}

/** Enough for a server to put together, and for none of them to wait for the way there and back. */
const requestsAtOnce = 8;

type ControlFlags = {
  readonly "model-control"?: string | undefined;
  readonly "load-model"?: readonly string[] | undefined;
  readonly "poll-every": string;
};

function readControl(flags: ControlFlags, standard: "none" | "poll"): Control {
  const { "model-control": mode = standard, "load-model": names, "poll-every": every } = flags;
  if (names !== undefined && mode !== "explicit")
    throw invalid("--load-model needs --model-control explicit");
  if (mode === "none") return { mode };
  if (mode === "poll") return { mode, everyMs: readAmount("poll-every", durationUpTo("24h"), every) };
  if (mode === "explicit") return { mode, load: names?.includes("*") ? "all" : (names ?? []) };
  throw invalid(`--model-control: expected none, explicit or poll, got "${mode}"`);
}

/** `auto` is one session a core, since each computes on one; or so many requests to another server at once. */
function readWorkers(text: string, auto: number): number {
  const workers = text === "auto" ? auto : Number(text);
  if (Number.isInteger(workers) && workers >= 1 && workers <= 256) return workers;
  throw invalid(`"${text}" is no number of workers, expected 1 to 256 or auto`);
}

function readProviders(text: string): readonly ExecutionProvider[] {
  const names = text.split(",").map((name) => name.trim());
  const known = names.map((name) => executionProviders.find((one) => one === name));
  const unknown = names.find((_, index) => known[index] === undefined);
  if (unknown === undefined && new Set(names).size === names.length)
    return known.filter((one) => one !== undefined);
  throw invalid(
    `--execution-providers: expected some of ${executionProviders.join(", ")}, each once, got "${text}"`,
  );
}

function readAmount(flag: string, schema: z.ZodType<number, string>, text: string): number {
  const { data, error } = schema.safeParse(text);
  if (data !== undefined) return data;
  throw invalid(`--${flag}: ${error?.issues[0]?.message ?? "not understood"}`);
}

function invalid(message: string): TradewindError {
  return new TradewindError("config_invalid", message);
}
