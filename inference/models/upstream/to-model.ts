import type { TensorSpec } from "#inference/contract.ts";
import type { OnnxFile, TensorInfo } from "#inference/models/onnx.ts";
import { parsePythonLiteral } from "#inference/models/python-literal.ts";
import { elementTypeOf } from "#inference/models/tensor-specs.ts";
import { writePythonLiteral } from "#inference/protocol/write-python-literal.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { ModelConfig, ModelMetadata } from "./read-description.ts";

/** A model on another server, as it is to be asked for, and in the words in which a file would describe it. */
export type UpstreamModel = {
  readonly name: string;
  /** What the server calls it. */
  readonly pathName: string;
  /** The version that we show: the server's, or "1" where it has none that is a number. */
  readonly version: string;
  /** What paths on the server need; undefined where it knows no versions. */
  readonly pathVersion: string | undefined;
  readonly platform: string;
  /** With the batch's dimension. */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** The most items in one request, 0 where it knows no batches; undefined where the server does not say. */
  readonly maxBatchSize: number | undefined;
  /** What heads are chosen by. */
  readonly file: OnnxFile;
};

export type UpstreamFacts = Pick<UpstreamModel, "name" | "pathName" | "version" | "pathVersion"> & {
  readonly metadata: ModelMetadata;
  readonly config: ModelConfig | undefined;
};

export function toModel({ metadata, config, ...named }: UpstreamFacts): UpstreamModel {
  const batched = (config?.maxBatchSize ?? 0) > 0;
  const inputs = withBatch(metadata.inputs, config?.inputs ?? [], batched);
  const outputs = withBatch(metadata.outputs, config?.outputs ?? [], batched);
  return {
    ...named,
    platform: metadata.platform || config?.platform || "unknown",
    inputs,
    outputs,
    maxBatchSize: config?.maxBatchSize,
    file: {
      opset: 0,
      metadata: entriesOf(named.name, config?.metadata),
      inputs: inputs.map(infoOf),
      outputs: outputs.map(infoOf),
      operators: new Set(),
      // Nothing is said of the weights; what is fed in half precision was exported so.
      weightTypes: new Set(inputs.map(({ datatype }) => elementTypeOf(datatype))),
    },
  };
}

/**
 * Metadata name the batch's dimension and configurations don't, where there is one. A server whose metadata are as long
 * as its configuration leaves it out in both, and one without metadata of tensors has the configuration to tell.
 */
function withBatch(
  announced: readonly TensorSpec[],
  configured: readonly TensorSpec[],
  batched: boolean,
): readonly TensorSpec[] {
  const add = (spec: TensorSpec): TensorSpec => (batched ? { ...spec, shape: [-1, ...spec.shape] } : spec);
  if (announced.length === 0) return configured.map(add);
  return announced.map((spec) => {
    const other = configured.find(({ name }) => name === spec.name);
    return other && other.shape.length === spec.shape.length ? add(spec) : spec;
  });
}

/** Values that are no texts are kept in Python's spelling, as in a file's metadata. */
function entriesOf(model: string, text = ""): ReadonlyMap<string, string> {
  if (!/^\s*\{/.test(text)) return new Map();
  const literal = parsePythonLiteral(text);
  if (!(literal instanceof Map)) {
    const message = `the \`metadata\` in the configuration of model ${model} on the upstream server cannot be read`;
    throw new TradewindError("model_unusable", message, {
      hint: "expected a Python dictionary of plain values",
    });
  }
  const spelled = [...literal].map(([key, value]) => [
    String(key),
    typeof value === "string" ? value : writePythonLiteral(value),
  ]);
  return new Map(spelled as [string, string][]);
}

function infoOf({ name, datatype, shape }: TensorSpec): TensorInfo {
  return {
    name,
    elementType: elementTypeOf(datatype),
    dims: shape.map((size) => (size === -1 ? "?" : size)),
  };
}
