import type { Parameters, Tensor, Tensors } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { binarySize, joinMessage } from "./binary-tensor.ts";
import { classify } from "./classification.ts";
import { elementCount } from "./datatypes.ts";
import { hasJsonText, jsonText } from "./json-text.ts";
import type { InferRequest } from "./read-infer-request.ts";
import type { RequestedOutput } from "./read-outputs.ts";
import { quote } from "./side.ts";

export type InferAnswer = {
  readonly model: string;
  readonly version: string;
  readonly id: string | undefined;
  readonly parameters: Parameters;
  readonly outputs: Tensors;
  /** Names of the places along an output's last dimension, by output. */
  readonly labels?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Whether the first dimension counts batch items; where this is left open it does if there is a second one. */
  readonly batched?: boolean | undefined;
};

export type Message = {
  readonly body: Uint8Array;
  /** Of the JSON part; undefined where nothing lies behind it and all is JSON. */
  readonly headerLength: number | undefined;
};

/**
 * The answer to an infer request. In JSON a number that is not finite is null, which numpy reads as NaN: bare words
 * would not be JSON. What JSON has no form for comes back in binary although it was not asked for.
 */
export function writeInferResponse(
  answer: InferAnswer,
  request: Pick<InferRequest, "outputs" | "binaryByDefault">,
): Message {
  const { id, model, version, parameters } = answer;
  const wanted = request.outputs ?? Object.keys(answer.outputs).map(everythingOf);
  const written = wanted.map((one) => writeOutput(one, answer, request.binaryByDefault));
  const members = [
    ...(id === undefined || id === "" ? [] : [`"id":${JSON.stringify(id)}`]),
    `"model_name":${JSON.stringify(model)}`,
    `"model_version":${JSON.stringify(version)}`,
    ...(Object.keys(parameters).length === 0 ? [] : [`"parameters":${JSON.stringify(parameters)}`]),
    `"outputs":[${written.map(({ json }) => json).join(",")}]`,
  ];
  const behind = written.flatMap(({ binary }) => binary ?? []);
  const { body, jsonBytes } = joinMessage(`{${members.join(",")}}`, behind);
  return { body, headerLength: body.byteLength > jsonBytes ? jsonBytes : undefined };
}

function everythingOf(name: string): RequestedOutput {
  return { name, binary: undefined, classification: undefined };
}

type Written = { readonly json: string; readonly binary: Tensor | undefined };

function writeOutput(wanted: RequestedOutput, answer: InferAnswer, binaryByDefault: boolean): Written {
  const { name } = wanted;
  const tensor = tensorOf(wanted, answer);
  const head = `"name":${JSON.stringify(name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(",")}]`;
  if ((wanted.binary ?? binaryByDefault) || !hasJsonText(tensor)) {
    const json = `{${head},"parameters":{"binary_data_size":${binarySize(tensor)}}}`;
    return { json, binary: tensor };
  }
  return { json: `{${head},"data":${jsonText(tensor)}}`, binary: undefined };
}

function tensorOf(
  { name, classification }: RequestedOutput,
  { outputs, labels, batched }: InferAnswer,
): Tensor {
  const tensor = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
  if (!tensor || tensor.data.length !== elementCount(tensor.shape)) {
    throw new TradewindError(
      "internal",
      `output ${quote(name)} was ${tensor ? "not as large as its shape" : "not computed"}`,
    );
  }
  if (classification === undefined) return tensor;
  const isBatched = batched ?? tensor.shape.length > 1;
  return classify(tensor, { count: classification, batched: isBatched, labels: labels?.[name] });
}
