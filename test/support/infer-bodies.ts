import type { Datatype } from "#inference/contract.ts";
import type { RawRequest } from "./raw-http.ts";

/** The input of the identity models as JSON has it; without a shape, one row. */
export function jsonInput(datatype: Datatype, data: readonly unknown[], shape = [1, data.length]) {
  return { name: "INPUT0", datatype, shape, data };
}

/** One input behind the JSON part, as numpy's bytes go. */
export function binaryRequest(input: object, bytes: Buffer, rest: object = {}): RawRequest {
  const parameters = { binary_data_size: bytes.byteLength };
  const head = Buffer.from(JSON.stringify({ inputs: [{ ...input, parameters }], ...rest }));
  const headers = { "inference-header-content-length": `${head.byteLength}` };
  return { headers, body: Buffer.concat([head, bytes]) };
}
