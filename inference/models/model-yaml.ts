import type { z } from "zod";
import { type Batching, noBatching, type QueuePolicy } from "#inference/engine/batching.ts";
import { parseYaml } from "#infra/runtime/config/parse-yaml.ts";
import { type ModelYaml, modelSchema, mostLevels } from "./model-schema.ts";
import { type ModelSettings, plainSettings, type VersionPolicy, type WarmUp } from "./model-settings.ts";

/** A `model.yaml` as settings, or an error that lists every problem at its line and column. */
export function parseModelYaml(text: string, { file }: { readonly file: string }): ModelSettings {
  return parseYaml(text, modelSettings, { file });
}

/** The schema and what its fields owe each other, read into settings. */
export const modelSettings = modelSchema.superRefine(fieldsMeet).transform(toSettings);

function fieldsMeet(yaml: ModelYaml, context: z.RefinementCtx): void {
  for (const [path, message] of [
    ...batchProblems(yaml),
    ...priorityProblems(yaml),
    ...deviceProblems(yaml),
  ]) {
    context.addIssue({ code: "custom", path, message });
  }
}

type Problem = readonly [path: (string | number)[], message: string];

function* batchProblems({ max_batch_size: most = 0, ...yaml }: ModelYaml): Generator<Problem> {
  const { dynamic_batching: dynamic, model_warmup: warmUps } = yaml;
  if (dynamic && most < 2) yield [["dynamic_batching"], "needs a max_batch_size of 2 or more"];
  for (const [place, size] of (dynamic?.preferred_batch_size ?? []).entries()) {
    const path = ["dynamic_batching", "preferred_batch_size", place];
    if (most >= 2 && size > most) yield [path, `${size} is more than max_batch_size, which is ${most}`];
  }
  for (const [place, { batch_size: size }] of warmUps.entries()) {
    const path = ["model_warmup", place, "batch_size"];
    if (size > Math.max(1, most)) yield [path, `${size} is more than max_batch_size, which is ${most}`];
  }
}

function* priorityProblems({ dynamic_batching: dynamic }: ModelYaml): Generator<Problem> {
  if (!dynamic) return;
  const { priority_levels: levels, default_priority_level: standard } = dynamic;
  if (levels > 0 && (standard < 1 || standard > levels)) {
    yield [["dynamic_batching", "default_priority_level"], `expected one of the levels, 1 to ${levels}`];
  }
  if (levels === 0 && standard > 0) {
    yield [["dynamic_batching", "default_priority_level"], `needs priority_levels, 1 to ${mostLevels}`];
  }
  for (const level of Object.keys(dynamic.priority_queue_policy)) {
    const path = ["dynamic_batching", "priority_queue_policy", level];
    if (Number(level) > levels) yield [path, `there is no level ${level}, priority_levels is ${levels}`];
  }
}

/** As many as the command line takes; each is a thread or a process. */
const mostSessions = 256;

function* deviceProblems({ instance_group: groups, ...yaml }: ModelYaml): Generator<Problem> {
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  if (count > mostSessions) {
    yield [["instance_group"], `expected at most ${mostSessions} sessions together, got ${count}`];
  }
  const kinds = new Set(groups.map(({ kind }) => kind));
  if (kinds.size > 1) yield [["instance_group"], "expected one kind, all sessions of a model run alike"];
  const providers = yaml.execution_providers;
  if (providers && new Set(providers).size < providers.length) {
    yield [["execution_providers"], "names one of them twice"];
  }
  const onlyCpu = providers?.every((provider) => provider === "cpu") ?? false;
  if (kinds.has("KIND_CPU") && providers && !onlyCpu) {
    yield [["execution_providers"], "instance_group says KIND_CPU, so expected cpu alone"];
  }
  if (kinds.has("KIND_GPU") && onlyCpu) {
    yield [["execution_providers"], "instance_group says KIND_GPU, so expected more than cpu"];
  }
}

function toSettings(yaml: ModelYaml): ModelSettings {
  const { task, labels, max_batch_size: maxBatchSize, instance_group: groups } = yaml;
  return {
    task,
    names: namesOf(yaml.names),
    imageSize: imageSizeOf(yaml.imgsz),
    labels,
    maxBatchSize,
    batching: batchingOf(yaml),
    versionPolicy: policyOf(yaml.version_policy),
    instances: groups.length === 0 ? undefined : groups.reduce((sum, { count }) => sum + count, 0),
    executionProviders: providersOf(yaml),
    warmUp: yaml.model_warmup.map(warmUpOf),
    pins: pinsOf(yaml.sha256),
  };
}

function namesOf(names: ModelYaml["names"]): readonly string[] | undefined {
  if (names === undefined || Array.isArray(names)) return names;
  const last = Object.keys(names).reduce((highest, key) => Math.max(highest, Number(key)), -1);
  return Array.from({ length: last + 1 }, (_, index) => names[index] ?? String(index));
}

function imageSizeOf(imgsz: ModelYaml["imgsz"]): ModelSettings["imageSize"] {
  if (imgsz === undefined) return undefined;
  const [height, width] = typeof imgsz === "number" ? [imgsz, imgsz] : imgsz;
  return { width, height };
}

/** Without `dynamic_batching` each request is a run of its own, however many items it brings. */
function batchingOf({ max_batch_size: maxBatchSize = 0, dynamic_batching: dynamic }: ModelYaml): Batching {
  if (!dynamic) return noBatching;
  const standard = dynamic.default_queue_policy;
  const policies = Object.entries(dynamic.priority_queue_policy);
  return {
    maxBatchSize,
    preferredBatchSizes: [...new Set(dynamic.preferred_batch_size)].sort((a, b) => a - b),
    maxQueueDelayMs: dynamic.max_queue_delay_microseconds / 1_000,
    priorityLevels: dynamic.priority_levels,
    defaultPriorityLevel: dynamic.default_priority_level,
    defaultQueuePolicy: standard ? queuePolicyOf(standard) : noBatching.defaultQueuePolicy,
    priorityQueuePolicies: Object.fromEntries(
      policies.map(([level, policy]) => [level, queuePolicyOf(policy)]),
    ),
  };
}

type QueuePolicyYaml = NonNullable<NonNullable<ModelYaml["dynamic_batching"]>["default_queue_policy"]>;

function queuePolicyOf(policy: QueuePolicyYaml): QueuePolicy {
  return {
    timeoutAction: policy.timeout_action === "DELAY" ? "delay" : "reject",
    defaultTimeoutMs: policy.default_timeout_microseconds / 1_000,
    allowTimeoutOverride: policy.allow_timeout_override,
    maxQueueSize: policy.max_queue_size || noBatching.defaultQueuePolicy.maxQueueSize,
  };
}

function policyOf(policy: ModelYaml["version_policy"]): VersionPolicy {
  if (policy?.all) return { kind: "all" };
  if (policy?.specific) {
    return { kind: "specific", versions: [...new Set(policy.specific.versions.map(String))] };
  }
  return policy?.latest ? { kind: "latest", count: policy.latest.num_versions } : plainSettings.versionPolicy;
}

function providersOf({
  execution_providers: providers,
  instance_group: groups,
}: ModelYaml): ModelSettings["executionProviders"] {
  const kind = groups[0]?.kind;
  if (kind === "KIND_CPU") return ["cpu"];
  // A model that asks for a GPU is better refused without one than served slowly without a word.
  return providers ?? (kind === "KIND_GPU" ? ["cuda"] : undefined);
}

/** Triton's 0 means that batches are unknown, or once; here both are 1. */
function warmUpOf({ name, batch_size, count, inputs }: ModelYaml["model_warmup"][number]): WarmUp {
  return {
    name,
    batchSize: Math.max(1, batch_size),
    count: Math.max(1, count),
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([input, { random_data, dims }]) => [
        input,
        { data: random_data ? "random" : "zero", dims },
      ]),
    ),
  };
}

function pinsOf(sha256: ModelYaml["sha256"]): ModelSettings["pins"] {
  return Object.fromEntries(
    Object.entries(sha256).map(([version, pin]) => [
      version,
      typeof pin === "string" ? { "model.onnx": pin } : pin,
    ]),
  );
}
