import type { TensorSpec } from "#inference/contract.ts";
import type { Face } from "#inference/face.ts";

/** What `GET /v2/models/{model}` says of one version of a model, and which versions there are. */
export function describeFace(
  {
    name,
    platform,
    inputs,
    outputs,
    parameters,
  }: Pick<Face, "name" | "platform" | "inputs" | "outputs" | "parameters">,
  versions: readonly string[],
): object {
  return {
    name,
    versions,
    platform,
    inputs: inputs.map(describeTensor),
    outputs: outputs.map(describeTensor),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
  };
}

function describeTensor({ name, datatype, shape }: TensorSpec): TensorSpec {
  return { name, datatype, shape };
}
