import type { Face, FaceAnswer } from "#inference/face.ts";
import { chooseEncoding, compress } from "#inference/protocol/compress.ts";
import type { InferRequest } from "#inference/protocol/read-infer-request.ts";
import { jsonType, type Reply } from "#inference/protocol/reply.ts";
import { writeInferResponse } from "#inference/protocol/write-infer-response.ts";

export type Answered = {
  readonly request: InferRequest;
  readonly face: Face;
  readonly answer: FaceAnswer;
  /** The name that the caller used. */
  readonly model: string;
};

/** The answer as the caller asked for it: JSON or binary tensors, and compressed where it wants that. */
export async function writeReply(
  { request, face, answer, model }: Answered,
  acceptEncoding: string | undefined,
): Promise<Reply> {
  const { outputs, parameters } = answer;
  const described = {
    model,
    version: face.version,
    id: request.id,
    parameters,
    outputs,
    labels: face.labels,
  };
  const batched = face.maxBatchSize > 0 ? true : undefined;
  const message = writeInferResponse({ ...described, batched }, request);
  const headers = headersOf(message.headerLength);
  const wanted = acceptEncoding === undefined ? undefined : chooseEncoding(acceptEncoding);
  if (wanted === undefined) return { status: 200, headers, body: message.body };
  const { body, encoding } = await compress(message.body, wanted);
  return { status: 200, headers: encoding ? { ...headers, "content-encoding": encoding } : headers, body };
}

function headersOf(headerLength: number | undefined): Reply["headers"] {
  if (headerLength === undefined) return { "content-type": jsonType };
  return {
    "content-type": "application/octet-stream",
    "inference-header-content-length": String(headerLength),
  };
}
