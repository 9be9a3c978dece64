import type { Parameters, Tensors } from "#inference/contract.ts";
import { binarySize, joinMessage } from "./binary-tensor.ts";
import type { Message } from "./write-infer-response.ts";

export type InferQuestion = {
  readonly inputs: Tensors;
  /** The outputs wanted; undefined means all. */
  readonly outputs?: readonly string[] | undefined;
  readonly id?: string | undefined;
  readonly parameters?: Parameters | undefined;
};

/** An infer request to another server of the protocol: everything in binary, both ways. */
export function writeInferRequest({ inputs, outputs, id, parameters }: InferQuestion): Message {
  const tensors = Object.entries(inputs);
  const head = {
    ...(id === undefined ? {} : { id }),
    inputs: tensors.map(([name, tensor]) => ({
      name,
      shape: tensor.shape,
      datatype: tensor.datatype,
      parameters: { binary_data_size: binarySize(tensor) },
    })),
    ...(outputs ? { outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })) } : {}),
    parameters: { ...parameters, binary_data_output: true },
  };
  const { body, jsonBytes } = joinMessage(
    JSON.stringify(head),
    tensors.map(([, tensor]) => tensor),
  );
  return { body, headerLength: jsonBytes };
}
