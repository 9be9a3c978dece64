import { expect, test } from "vitest";
import { decompress } from "#inference/protocol/compress.ts";
import { type InferRequestOptions, readInferRequest } from "#inference/protocol/read-infer-request.ts";
import { type ClientRequest, clientRequests } from "#test/support/client-bytes.ts";

const image = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
const requests = clientRequests({
  host: "127.0.0.1:8000",
  model: "yolov8n",
  input: "images",
  output: "output0",
  imageModel: "yolov8n",
  image,
});

function optionsFor(names: readonly string[]): InferRequestOptions {
  const limits = { maxBatchSize: 0, maxTensorBytes: 1_000 };
  if (names.includes("image")) {
    return { ...limits, inputs: [{ name: "image", datatype: "BYTES", shape: [-1] }], outputs: [] };
  }
  return {
    ...limits,
    inputs: [{ name: "images", datatype: "FP32", shape: [1, 2] }],
    outputs: [{ name: "output0", datatype: "FP32", shape: [1, 2] }],
  };
}

async function read({ headers, body }: ClientRequest) {
  const header = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
  const expanded = await decompress(body, header("content-encoding"), { maxBytes: 1_000 });
  return readInferRequest(expanded, header("inference-header-content-length"), optionsFor);
}

test("what a client sends by default is the captured stream", () => {
  const found = requests.find(({ what }) => what === "tritonclient infers in binary both ways");
  const head =
    '{"inputs":[{"name":"images","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],' +
    '"parameters":{"binary_data_output":true}}';
  expect(found?.wire.toString("latin1", 0, found.wire.byteLength - 8)).toBe(
    "POST /v2/models/yolov8n/infer HTTP/1.1\r\nuser-agent: python/gevent-http-client-2.0.8\r\n" +
      "host: 127.0.0.1:8000\r\ninference-header-content-length: 139\r\ncontent-length: 147\r\n\r\n" +
      head,
  );
});

const infers = requests.filter(({ target }) => /\/infer(\?|$)/.test(target));

test("there are infer requests of every client", () => {
  expect(infers).toHaveLength(7);
});

test.each(infers.map((request) => [request.what, request] as const))(
  "is understood: %s",
  async (_, request) => {
    const { inputs } = await read(request);
    const [name] = Object.keys(inputs);
    expect(inputs[name ?? ""]?.data).toEqual(
      name === "image" ? [image] : new Float32Array(request.target.includes("?") ? [0, 0] : [0.25, -1.5]),
    );
  },
);
