import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { colourBoxes, fromHalf, toHalf } from "./colour-tensors.ts";

/** How a server treats an infer request; `held` answers when it is let go, `silent` never does. */
export type Fault =
  | "held"
  | "silent"
  | "in-pieces"
  | "cut"
  | "reset"
  | "full"
  | "throttled"
  | "broken"
  | "error-page"
  | "page"
  | "no-http"
  | "too-large"
  | "too-large-unannounced"
  | "wrong-shape"
  | "wrong-rows"
  | "wrong-datatype"
  | "no-output"
  | "short-tensor";

export type TensorServerOptions = {
  readonly port?: number;
  /** Whose habits it has where the protocol leaves room. */
  readonly habit?: "triton" | "kserve" | "mlserver";
  readonly datatype?: "FP32" | "FP16";
  readonly versions?: readonly string[];
  readonly maxBatchSize?: number;
  /** What the configuration says under `parameters.metadata`; empty is nothing. */
  readonly metadata?: string;
  /** Answers in JSON whatever was asked for. */
  readonly jsonOnly?: boolean;
  /** Takes the place of what the path would have said; undefined leaves it. */
  readonly instead?: (path: string) => { readonly status?: number; readonly body: unknown } | undefined;
};

export type TensorServer = AsyncDisposable & {
  readonly url: string;
  /** Infer requests in the order of their coming. */
  readonly inferred: readonly Inferred[];
  /** Every request as verb and path. */
  readonly paths: readonly string[];
  /** What happens to infer requests from now on. */
  fault: Fault | undefined;
  ready: boolean;
  /** Answers one that is held. */
  readonly letGo: () => void;
};

export type Inferred = {
  readonly id: unknown;
  readonly rows: number;
  /** The connection went away before the answer was out. */
  aborted: boolean;
};

/**
 * A server of tensors over real HTTP, written from the protocol's text: one model, `colours`, that says how red, green
 * and blue its images [n, 3, 64, 64] are on average, as the colour model does. It refuses an image with an infinity.
 */
export async function startFakeTensorServer(options: TensorServerOptions = {}): Promise<TensorServer> {
  const inferred: Inferred[] = [];
  const paths: string[] = [];
  const held: (() => void)[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readAll(request);
    if (!request.url?.endsWith("/infer")) return send(response, told(options, request, body, state.ready));
    const asked = readInfer(request, body, options);
    const one: Inferred = { id: asked.head.id, rows: asked.shape[0] ?? 0, aborted: false };
    inferred.push(one);
    response.once("close", () => {
      one.aborted = !response.writableFinished;
    });
    const { fault } = state;
    if (fault === "held") await new Promise<void>((resolve) => held.push(resolve));
    const reply = infer(options, fault, asked);
    const breaks = fault && breakers[fault];
    if (breaks) breaks(response, reply);
    else send(response, reply);
  };
  const server = createServer((request, response) => {
    paths.push(`${request.method} ${request.url}`);
    // A request that breaks off is of no interest to anybody.
    serve(request, response).catch(() => response.destroy());
  });
  await once(server.listen(options.port ?? 0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const state: TensorServer = {
    url: `http://127.0.0.1:${port}`,
    ...{ inferred, paths, fault: undefined, ready: true },
    letGo: () => held.shift()?.(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return state;
}

type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array;
};

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, "content-length": body.byteLength }).end(body);
}

function json(body: unknown, status = 200): Reply {
  return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(body)) };
}

function refused(status: number): Reply {
  return json({ error: `secret words of the server: ${status}` }, status);
}

function page(status: number): Reply {
  const body = Buffer.from("<html>secret words of a proxy</html>");
  return { status, headers: { "content-type": "text/html" }, body };
}

/** What cannot be said by a reply. */
const breakers: Partial<Record<Fault, (response: ServerResponse, reply: Reply) => void>> = {
  silent: () => {},
  "in-pieces": (response, { headers, body }) => {
    response.writeHead(200, headers);
    for (let at = 0; at < body.byteLength; at += 7) response.write(body.subarray(at, at + 7));
    response.end();
  },
  reset: ({ socket }) => socket?.resetAndDestroy(),
  "no-http": ({ socket }) => socket?.end("SSH-2.0-OpenSSH_9.6\r\n\r\n"),
  cut: (response, { headers, body }) => {
    response.writeHead(200, { ...headers, "content-length": body.byteLength });
    response.write(body.subarray(0, 60), () => response.destroy());
  },
  "too-large": (response) => response.writeHead(200, { "content-length": "9000000000" }).write("{"),
  "too-large-unannounced": (response) => response.writeHead(200).end(Buffer.alloc(3_000_000, " ")),
};

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function told(
  options: TensorServerOptions,
  { method = "", url = "" }: IncomingMessage,
  sent: Buffer,
  ready: boolean,
): Reply {
  const other = options.instead?.(url);
  if (other) return json(other.body, other.status);
  const known = listed(options, `${method} ${url}`, sent);
  return known ?? described(options, url, ready) ?? refused(404);
}

function listed({ habit, versions = ["1", "2"] }: TensorServerOptions, asked: string, sent: Buffer) {
  if (habit === "kserve") return asked === "GET /v2/models" ? json({ models: ["colours"] }) : undefined;
  if (asked !== "POST /v2/repository/index") return undefined;
  if (habit === "mlserver" && sent.byteLength === 0) return refused(422);
  const states = versions.map((version) => ({ name: "colours", version, state: "READY", reason: "" }));
  return json([...states, { name: "elsewhere", version: "1", state: "UNAVAILABLE", reason: "unloaded" }]);
}

function described(options: TensorServerOptions, url: string, ready: boolean): Reply | undefined {
  const { habit = "triton", versions = ["1", "2"] } = options;
  const [path, version, what] =
    /^\/v2\/models\/colours(?:\/versions\/([^/]+))?(?:\/(ready|config))?$/.exec(url) ?? [];
  if (path === undefined) return undefined;
  if (habit === "kserve" && version !== undefined) return refused(501);
  if (version !== undefined && !versions.includes(version)) return refused(404);
  if (what === "ready") return ready ? json({}) : refused(400);
  if (what === "config") return habit === "triton" ? json(configOf(options)) : undefined;
  return json(metadataOf(options));
}

function metadataOf({ habit, versions = ["1", "2"], datatype = "FP32" }: TensorServerOptions) {
  const inputs = [{ name: "images", datatype, shape: [-1, 3, 64, 64] }];
  const outputs = [{ name: "output0", datatype, shape: [-1, 7, 4] }];
  if (habit === "kserve") return { name: "colours", versions: null, platform: "", inputs, outputs };
  return { name: "colours", versions, platform: "onnxruntime_onnx", inputs, outputs };
}

const colourMetadata =
  "{'stride': 32, 'task': 'detect', 'imgsz': [64, 64], 'names': {0: 'red', 1: 'green', 2: 'blue'}, 'batch': 1}";

/** The dimensions of a configuration are without the batch's where there is one. */
function configOf({ maxBatchSize = 8, datatype = "FP32", metadata = colourMetadata }: TensorServerOptions) {
  const dims = (inner: readonly number[]) => (maxBatchSize > 0 ? inner : [-1, ...inner]);
  const type = `TYPE_${datatype}`;
  return {
    ...{
      name: "colours",
      platform: "onnxruntime_onnx",
      backend: "onnxruntime",
      max_batch_size: maxBatchSize,
    },
    input: [{ name: "images", data_type: type, format: "FORMAT_NONE", dims: dims([3, 64, 64]) }],
    output: [{ name: "output0", data_type: type, dims: dims([7, 4]), label_filename: "" }],
    parameters: metadata === "" ? {} : { metadata: { string_value: metadata } },
  };
}

type Asked = {
  readonly head: Readonly<Record<string, unknown>>;
  readonly shape: readonly number[];
  /** Undefined where the tensor is not what its head says. */
  readonly data: readonly number[] | undefined;
};

/** `Inference-Header-Content-Length` bytes of JSON, then the tensor. */
function readInfer(
  { headers }: IncomingMessage,
  body: Buffer,
  { datatype = "FP32" }: TensorServerOptions,
): Asked {
  const headBytes = Number(headers["inference-header-content-length"] ?? body.byteLength);
  const head = JSON.parse(body.subarray(0, headBytes).toString("utf8"));
  const [{ name, shape, datatype: type, parameters }] = head.inputs;
  const tensor = body.subarray(headBytes);
  const width = datatype === "FP32" ? 4 : 2;
  const elements = shape.reduce((product: number, size: number) => product * size, 1);
  const fits = name === "images" && type === datatype && tensor.byteLength === elements * width;
  if (!fits || parameters.binary_data_size !== tensor.byteLength) return { head, shape, data: undefined };
  const read = (at: number): number =>
    width === 4 ? tensor.readFloatLE(4 * at) : fromHalf(tensor.readUInt16LE(2 * at));
  return { head, shape, data: Array.from({ length: elements }, (_, at) => read(at)) };
}

const statuses: Partial<Record<Fault, Reply>> = {
  full: refused(503),
  throttled: refused(429),
  broken: refused(500),
  "error-page": page(502),
  page: page(200),
};

function infer(options: TensorServerOptions, fault: Fault | undefined, { head, shape, data }: Asked): Reply {
  const { habit, maxBatchSize = 8, datatype = "FP32", jsonOnly = false } = options;
  const wrong = fault && statuses[fault];
  if (wrong) return wrong;
  const [rows = 0] = shape;
  if (habit === "kserve" && typeof head.id !== "string") return refused(400);
  if (!data || rows < 1 || rows > Math.max(1, maxBatchSize) || data.includes(1 / 0)) return refused(400);
  const values = colourBoxes(data, rows);
  if (fault === "wrong-rows") values.push(...values.slice(-28));
  const output = {
    name: fault === "no-output" ? "output1" : "output0",
    datatype: fault === "wrong-datatype" ? "INT32" : datatype,
    shape: fault === "wrong-shape" ? [rows, 4, 7] : [values.length / 28, 7, 4],
  };
  const said = {
    ...(head.id === undefined ? {} : { id: head.id }),
    model_name: "colours",
    model_version: "2",
  };
  if (jsonOnly || !wantsBinary(head)) return json({ ...said, outputs: [{ ...output, data: values }] });
  const tensor = datatype === "FP32" ? Float32Array.from(values) : Uint16Array.from(values, toHalf);
  const parameters = { binary_data_size: tensor.byteLength };
  const start = Buffer.from(JSON.stringify({ ...said, outputs: [{ ...output, parameters }] }));
  const bytes = Buffer.from(tensor.buffer).subarray(fault === "short-tensor" ? 4 : 0);
  const headers = {
    "content-type": "application/octet-stream",
    "inference-header-content-length": start.length,
  };
  return { status: 200, headers, body: Buffer.concat([start, bytes]) };
}

/** Said for the output, or else for all. */
function wantsBinary({ outputs, parameters }: Asked["head"]): boolean {
  const said = JSON.stringify([outputs, parameters]);
  return said.includes('"binary_data":true') || said.includes('"binary_data_output":true');
}
