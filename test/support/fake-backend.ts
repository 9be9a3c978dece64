import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type FakeBackend = AsyncDisposable & {
  readonly url: string;
  readonly requests: readonly IncomingMessage[];
};

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export const describedModel = {
  name: "digits-s",
  versions: ["1", "2"],
  platform: "onnxruntime_onnx",
  inputs: [],
  outputs: [],
  parameters: {
    names: '["zero","one"]',
    task: "detect",
    precision: "fp32",
    input_width: 320,
    input_height: 320,
  },
};

export const inferAnswer = {
  model_name: "digits-s",
  model_version: "2",
  parameters: { queue_ms: 0.5, preprocess_ms: 2, inference_ms: 10, postprocess_ms: 0.25, precision: "fp32" },
  outputs: [
    { name: "boxes", datatype: "FP32", shape: [1, 1, 4], data: [10.04, 20, 30, 40] },
    { name: "scores", datatype: "FP32", shape: [1, 1], data: [0.876543] },
    { name: "classes", datatype: "INT32", shape: [1, 1], data: [1] },
    { name: "counts", datatype: "INT32", shape: [1], data: [1] },
    { name: "sizes", datatype: "INT32", shape: [1, 2], data: [640, 480] },
  ],
};

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };
}

type Output = {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
};

/** The same answer as `json` gives, with its tensors behind the head. */
export function binary(answer: { readonly outputs: readonly Output[] }): Answer {
  const tails = answer.outputs.map(bytesOf);
  const outputs = answer.outputs.map(({ data: _, ...output }, place) => ({
    ...output,
    parameters: { binary_data_size: tails[place]?.byteLength },
  }));
  const head = Buffer.from(JSON.stringify({ ...answer, outputs }));
  return bytes(Buffer.concat([head, ...tails]), head.byteLength);
}

/** A body whose first bytes are JSON, as the header says. */
export function bytes(body: Buffer, headLength: number | string): Answer {
  const type = { "content-type": "application/octet-stream" };
  return (_, response) => {
    response.writeHead(200, { ...type, "inference-header-content-length": `${headLength}` }).end(body);
  };
}

function bytesOf({ datatype, data }: Output): Buffer {
  if (datatype === "BYTES") return Buffer.concat(data.map((text) => lengthened(String(text))));
  const numbers = data.map(Number);
  return Buffer.from((datatype === "FP32" ? Float32Array : Int32Array).from(numbers).buffer);
}

function lengthened(text: string): Buffer {
  const element = Buffer.alloc(4 + text.length);
  element.writeUInt32LE(text.length);
  element.write(text, 4, "latin1");
  return element;
}

/** A server that says of itself and answers to images whatever a test wants, over real HTTP. */
export async function startFakeBackend({
  infer = json(200, inferAnswer),
  describe = json(200, describedModel),
}: {
  readonly infer?: Answer;
  readonly describe?: Answer;
} = {}): Promise<FakeBackend> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    if (request.method === "GET") describe(request, response);
    else request.resume().on("end", () => infer(request, response));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
