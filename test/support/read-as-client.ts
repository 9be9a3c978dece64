import { gunzipSync, inflateSync } from "node:zlib";
import type { RawAnswer } from "./raw-http.ts";

/** One output as tritonclient hands it on: text for BYTES, and numbers or truths for everything else. */
export type ReadOutput = {
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | bigint | boolean | string | Buffer)[];
};

export type ReadResult = {
  readonly json: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, ReadOutput>>;
};

/**
 * Reads an infer answer as tritonclient does: status exactly 200, decompressed by Content-Encoding, then as much JSON as
 * the header says and the binary tensors behind it in their order.
 */
export function readAsClient({ status, headers, body }: RawAnswer): ReadResult {
  if (status !== 200) throw new Error(`status ${status}: ${body.toString("utf8", 0, 500)}`);
  const plain = decompress(body, headers["content-encoding"]);
  const length = headers["inference-header-content-length"];
  const jsonBytes = length === undefined ? plain.byteLength : Number(length);
  const json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(plain.subarray(0, jsonBytes)));
  let at = jsonBytes;
  const outputs: Record<string, ReadOutput> = {};
  for (const output of json.outputs as readonly WireOutput[]) {
    const { name, datatype, shape } = output;
    const size = output.parameters?.binary_data_size;
    const bytes = plain.subarray(at, at + (size ?? 0));
    const data = size === undefined ? (output.data ?? []).flat(Infinity) : readBinary(datatype, bytes);
    outputs[name] = { datatype, shape, data: data as ReadOutput["data"] };
    at += size ?? 0;
  }
  if (at !== plain.byteLength) throw new Error(`${plain.byteLength - at} bytes belong to no output`);
  return { json, outputs };
}

/** The error as a client shows it; throws where the client would choke on it. */
export function readError({ status, headers, body }: RawAnswer): { status: number; error: string } {
  if (status === 200) throw new Error("that is no error");
  // KServe's client reads the message only under exactly this type, and nobody's client decompresses it.
  if (headers["content-type"] !== "application/json") throw new Error(`type ${headers["content-type"]}`);
  if (headers["content-encoding"] !== undefined) throw new Error("an error came compressed");
  const { error } = JSON.parse(body.toString("utf8"));
  if (typeof error !== "string" || error === "") throw new Error("the error is no text");
  return { status, error };
}

type WireOutput = {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters?: { readonly binary_data_size?: number };
  readonly data?: readonly unknown[];
};

function decompress(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === "gzip") return gunzipSync(body);
  if (encoding === "deflate") return inflateSync(body);
  if (encoding !== undefined) throw new Error(`no client knows Content-Encoding ${encoding}`);
  return body;
}

function readBinary(datatype: string, bytes: Buffer): ReadOutput["data"] {
  if (datatype === "BYTES") return readElements(bytes);
  const memory = Uint8Array.from(bytes).buffer;
  if (datatype === "BOOL") return [...new Uint8Array(memory)].map((byte) => byte !== 0);
  const View = views[datatype];
  if (!View) throw new Error(`no client knows datatype ${datatype}`);
  return [...new View(memory)];
}

const views: Readonly<Record<string, new (memory: ArrayBuffer) => Iterable<number | bigint>>> = {
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

function readElements(bytes: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const length = bytes.readUInt32LE(at);
    elements.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return elements;
}
