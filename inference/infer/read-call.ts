import { availableParallelism } from "node:os";
import type { Face } from "#inference/face.ts";
import { decompress } from "#inference/protocol/compress.ts";
import {
  type InferRequest,
  type InferRequestOptions,
  readInferRequest,
} from "#inference/protocol/read-infer-request.ts";
import type { FaceLease } from "#inference/served-faces.ts";
import { createGate } from "#infra/runtime/gate.ts";
import type { ReadBodyOptions } from "#infra/runtime/read-body.ts";

export type ReadCall = {
  /** By its lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly readBody: (options: ReadBodyOptions) => Promise<Buffer>;
};

// What a body becomes is known only when it has become it, so that few may be on the way there at once.
const unpacking = createGate(availableParallelism());

/** The body as a request to one of the model's faces, which the names of its inputs tell. */
export async function readCall(
  { header, readBody }: ReadCall,
  lease: FaceLease,
  /** Told how large the body is so far, and in the end; it throws where there is no room for so much. */
  settle: (bytes: number) => void,
  bounds: ReadBodyOptions,
): Promise<{ readonly request: InferRequest; readonly face: Face }> {
  const body = await readBody({ ...bounds, onBytes: settle });
  const encoding = header("content-encoding");
  const plain = encoding === undefined ? body : await unpacking(() => decompress(body, encoding, bounds));
  settle(plain.byteLength);
  let face = lease.face;
  const request = readInferRequest(plain, header("inference-header-content-length"), (inputs) => {
    face = lease.faceFor(inputs);
    return optionsFor(face, lease.face.name, bounds.maxBytes);
  });
  return { request, face };
}

function optionsFor(
  { inputs, outputs, maxBatchSize }: Face,
  model: string,
  maxBytes: number,
): InferRequestOptions {
  return { model, inputs, outputs, maxBatchSize, maxTensorBytes: maxBytes };
}
