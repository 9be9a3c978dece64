import type { Face } from "#inference/face.ts";
import { decompress } from "#inference/protocol/compress.ts";
import {
  type InferRequest,
  type InferRequestOptions,
  readInferRequest,
} from "#inference/protocol/read-infer-request.ts";
import type { FaceLease } from "#inference/served-faces.ts";
import type { Place } from "#infra/runtime/in-flight.ts";
import type { ReadBodyOptions } from "#infra/runtime/read-body.ts";

export type ReadCall = {
  /** By its lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly readBody: (options: ReadBodyOptions) => Promise<Buffer>;
};

/** The body as a request to one of the model's faces, which the names of its inputs tell. */
export async function readCall(
  { header, readBody }: ReadCall,
  lease: FaceLease,
  place: Place,
  bounds: ReadBodyOptions,
): Promise<{ readonly request: InferRequest; readonly face: Face }> {
  const body = await readBody(bounds);
  const encoding = header("content-encoding");
  const plain = encoding === undefined ? body : await decompress(body, encoding, bounds);
  place.settle(plain.byteLength);
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
