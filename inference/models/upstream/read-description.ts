import { z } from "zod";
import type { TensorSpec } from "#inference/contract.ts";
import { invalidAnswer } from "#inference/engine/remote/upstream-errors.ts";
import { byVersion, isVersion } from "#inference/models/repository/model-name.ts";
import { mostVersions } from "#inference/models/repository/model-source.ts";
import { datatypes, isDatatype } from "#inference/protocol/datatypes.ts";

/** What `GET /v2/models/{model}` says. */
export type ModelMetadata = {
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
};

/** What `GET /v2/models/{model}/config` says, where there is such a thing; shapes are without the batch's dimension. */
export type ModelConfig = {
  readonly platform: string;
  readonly maxBatchSize: number;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** A Python dictionary, as Ultralytics' exporters write it. */
  readonly metadata: string | undefined;
};

export function readMetadata(model: string, given: unknown): ModelMetadata {
  return read(metadata, model, given);
}

export function readConfig(model: string, given: unknown): ModelConfig {
  return read(config, model, given);
}

/** By number, or where a server's versions are none, the last one it names. */
export function newestVersion({ versions }: ModelMetadata): string | undefined {
  return versions.filter(isVersion).sort(byVersion).at(-1) ?? versions.at(-1);
}

/** The least that a text which a stranger sends may be refused for. */
const text = z.string().max(1_024);
const maybeText = text.nullish().transform((value) => value ?? "");
/** Triton's printer writes 64-bit numbers as numbers, protobuf's own as text. */
const whole = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number),
]);
const shape = z.array(whole.pipe(z.int().min(-1))).max(16);
const datatype = z.string().refine(isDatatype, { error: "expected a type of the protocol" });

function listOf<Shape extends z.ZodType>(tensor: Shape) {
  return z
    .array(tensor)
    .max(1_000)
    .nullish()
    .transform((list) => list ?? []);
}

const announced = z.object({ name: text.min(1), datatype, shape });

const metadata = z.object({
  versions: z
    .array(text)
    .max(mostVersions)
    .nullish()
    .transform((list) => list ?? []),
  platform: maybeText,
  inputs: listOf(announced),
  outputs: listOf(announced),
});

const configTypes = new Map(Object.entries(datatypes).map(([name, { configType }]) => [configType, name]));

const configured = z
  .object({
    name: text.min(1),
    data_type: z
      .string()
      .transform((type) => configTypes.get(type))
      .pipe(datatype),
    dims: shape,
  })
  .transform(({ name, data_type, dims }) => ({ name, datatype: data_type, shape: dims }));

const config = z
  .object({
    platform: maybeText,
    backend: maybeText,
    max_batch_size: whole.pipe(z.int().min(0).max(65_536)).default(0),
    input: listOf(configured),
    output: listOf(configured),
    parameters: z.object({ metadata: z.object({ string_value: z.string() }).optional() }).nullish(),
  })
  .transform(({ platform, backend, max_batch_size, input, output, parameters }) => ({
    platform: platform || backend,
    maxBatchSize: max_batch_size,
    inputs: input,
    outputs: output,
    metadata: parameters?.metadata?.string_value,
  }));

function read<Shape extends z.ZodType>(schema: Shape, model: string, given: unknown): z.output<Shape> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw invalidAnswer(`no description of model ${model} that we understand`, parsed.error);
}
