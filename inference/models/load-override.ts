import { TradewindError } from "#infra/runtime/errors.ts";
import type { ModelSettings } from "./model-settings.ts";
import { modelSettings } from "./model-yaml.ts";

/**
 * The `config` parameter of a load request: settings as JSON, in the words of `model.yaml`. They stand in place of
 * the file's, except for its pins, which a caller may not take away.
 */
export function parseLoadConfig(json: string, pins: ModelSettings["pins"]): ModelSettings {
  const parsed = modelSettings.safeParse(withoutTheFilesOwn(toObject(json)));
  if (!parsed.success) throw malformed(parsed.error.issues.flatMap(problemsOf).slice(0, mostProblems));
  if (Object.keys(parsed.data.pins).length > 0) throw malformed(["sha256 can be set in model.yaml only"]);
  return { ...parsed.data, pins };
}

const mostText = 1_048_576;
const mostProblems = 20;

/** A whole config may come back from a client that read it here: these words repeat what the model's file says. */
const ofTheFile = new Set([
  "name",
  "platform",
  "backend",
  "runtime",
  "input",
  "output",
  "batch_input",
  "batch_output",
  "default_model_filename",
  "cc_model_filenames",
  "metric_tags",
  "parameters",
  "optimization",
]);

function toObject(json: string): Readonly<Record<string, unknown>> {
  if (json.length > mostText) throw malformed([`longer than ${mostText} characters`]);
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (cause) {
    throw malformed(["it is no JSON"], cause);
  }
  if (typeof data !== "object" || data === null || Array.isArray(data)) throw malformed(["it is no object"]);
  return { ...data };
}

function withoutTheFilesOwn(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kept = Object.fromEntries(Object.entries(config).filter(([key]) => !ofTheFile.has(key)));
  const { instance_group: groups } = kept;
  return Array.isArray(groups) ? { ...kept, instance_group: groups.map(withoutDevices) } : kept;
}

/** Which devices a group has is told, not asked for; where they are empty or ours nothing is lost by leaving them out. */
const ofTheGroup = new Set(["gpus", "secondary_devices", "profile", "passive", "host_policy"]);

function withoutDevices(group: unknown): unknown {
  if (typeof group !== "object" || group === null || Array.isArray(group)) return group;
  return Object.fromEntries(Object.entries(group).filter(([key]) => !ofTheGroup.has(key)));
}

type Issue = {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
};

function problemsOf({ path, message, keys }: Issue): string[] {
  const at = path.map(String);
  if (keys && message.startsWith("Unrecognized")) {
    return keys.slice(0, mostProblems).map((key) => `unknown key "${[...at, key.slice(0, 64)].join(".")}"`);
  }
  return [at.length === 0 ? message : `${at.join(".").slice(0, 200)}: ${message}`];
}

function malformed(problems: readonly string[], cause?: unknown): TradewindError {
  const message = `the parameter 'config' cannot be used: ${problems.join("; ")}`;
  return new TradewindError("request_malformed", message, cause === undefined ? {} : { cause });
}
