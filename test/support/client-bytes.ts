import { deflateSync, gzipSync } from "node:zlib";

/** One request of a client, byte for byte as it stands on the wire, and its parts. */
export type ClientRequest = {
  /** The client, and what it does. */
  readonly what: string;
  readonly method: "GET" | "POST";
  readonly target: string;
  /** In the client's own spelling and order. */
  readonly headers: readonly (readonly [string, string])[];
  /** As it is sent, so perhaps compressed. */
  readonly body: Buffer;
  readonly wire: Buffer;
};

export type ClientTarget = {
  readonly host: string;
  readonly model: string;
  /** A model's input and output as FP32 [1, 2]. */
  readonly input: string;
  readonly output: string;
  /** The model that takes images. */
  readonly imageModel: string;
  readonly image: Buffer;
};

/** What tritonclient.http (blocking and asyncio) and KServe's SDK send, as it was seen on a socket. */
export function clientRequests(target: ClientTarget): readonly ClientRequest[] {
  return [...blockingRequests(target), ...asyncRequests(target), kserveRequest(target)];
}

type Headers = readonly (readonly [string, string])[];

function request(
  what: string,
  verb: `${"GET" | "POST"} ${string}`,
  headers: Headers,
  body: Buffer | string = "",
): ClientRequest {
  const bytes = Buffer.from(body);
  const [method = "", target = ""] = verb.split(" ");
  const lines = [`${verb} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), "", ""];
  const wire = Buffer.concat([Buffer.from(lines.join("\r\n")), bytes]);
  return { what, method: method === "GET" ? "GET" : "POST", target, headers, body: bytes, wire };
}

const twoNumbers = Buffer.from(new Float32Array([0.25, -1.5]).buffer);

/** geventhttpclient: names in lower case, no Accept, no Content-Type, and nothing at all where there is no body. */
function blockingRequests(target: ClientTarget): readonly ClientRequest[] {
  const { host, model } = target;
  const agent: Headers = [
    ["user-agent", "python/gevent-http-client-2.0.8"],
    ["host", host],
  ];
  const post = (what: string, path: string, body: string): ClientRequest =>
    request(what, `POST ${path}`, [...agent, ["content-length", `${Buffer.byteLength(body)}`]], body);
  return [
    request("tritonclient asks whether the server lives", "GET /v2/health/live", agent),
    request("tritonclient asks whether the server is ready", "GET /v2/health/ready", agent),
    request("tritonclient asks whether a model is ready", `GET /v2/models/${model}/ready`, agent),
    request("tritonclient reads the server's metadata", "GET /v2", agent),
    request("tritonclient reads a model's metadata", `GET /v2/models/${model}`, agent),
    request("tritonclient reads a model's configuration", `GET /v2/models/${model}/config`, agent),
    request("tritonclient reads a model's statistics", `GET /v2/models/${model}/stats`, agent),
    request("tritonclient reads all statistics", "GET /v2/models/stats", agent),
    request("tritonclient lists the repository without a body", "POST /v2/repository/index", agent),
    post("tritonclient loads a model", `/v2/repository/models/${model}/load`, "{}"),
    post(
      "tritonclient unloads a model",
      `/v2/repository/models/${model}/unload`,
      '{"parameters":{"unload_dependents":false}}',
    ),
    post("tritonclient sets the log level", "/v2/logging", '{"log_verbose_level":1}'),
    ...blockingInfers(target, agent),
  ];
}

function blockingInfers(target: ClientTarget, agent: Headers): readonly ClientRequest[] {
  const { model, input, output, imageModel, image } = target;
  const tensor = `"name":"${input}","shape":[1,2],"datatype":"FP32"`;
  const binary = `{"inputs":[{${tensor},"parameters":{"binary_data_size":8}}],"parameters":{"binary_data_output":true}}`;
  const options = '"parameters":{"priority":2,"timeout":5000000,"conf":0.25}';
  const json = `{"id":"r1","inputs":[{${tensor},"data":[0.0,0.0]}],"outputs":[{"name":"${output}","parameters":{"binary_data":false}}],${options}}`;
  const packed = `{"id":"r2","inputs":[{${tensor},"parameters":{"binary_data_size":8}}],"outputs":[{"name":"${output}","parameters":{"binary_data":true}}]}`;
  const gzipped = gzipSync(Buffer.concat([Buffer.from(packed), twoNumbers]));
  const deflated = deflateSync(Buffer.concat([Buffer.from(packed), twoNumbers]));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(image.byteLength);
  const picture = `{"inputs":[{"name":"image","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":${4 + image.byteLength}}}],"parameters":{"binary_data_output":true}}`;
  const infer = (what: string, path: string, more: Headers, body: Buffer): ClientRequest =>
    request(what, `POST ${path}`, [...agent, ...more, ["content-length", `${body.byteLength}`]], body);
  const head = (text: string): readonly [string, string] => [
    "inference-header-content-length",
    `${Buffer.byteLength(text)}`,
  ];
  const path = `/v2/models/${model}/infer`;
  return [
    infer(
      "tritonclient infers in binary both ways",
      path,
      [head(binary)],
      Buffer.concat([Buffer.from(binary), twoNumbers]),
    ),
    infer(
      "tritonclient infers in JSON with options, a query and its own header",
      `/v2/models/${model}/versions/1/infer?a=1&a=2&b=x+y`,
      [["authorization", "Bearer of-the-caller"]],
      Buffer.from(json),
    ),
    infer(
      "tritonclient sends gzip and takes deflate",
      path,
      [["content-encoding", "gzip"], ["accept-encoding", "deflate"], head(packed)],
      gzipped,
    ),
    infer(
      "tritonclient sends deflate and takes gzip",
      path,
      [["content-encoding", "deflate"], ["accept-encoding", "gzip"], head(packed)],
      deflated,
    ),
    infer(
      "tritonclient sends a picture as BYTES",
      `/v2/models/${imageModel}/infer`,
      [head(picture)],
      Buffer.concat([Buffer.from(picture), length, image]),
    ),
  ];
}

/** aiohttp offers every coding it knows, although this client reads only the bodies of inferences by their coding. */
function asyncRequests({ host, model, input }: ClientTarget): readonly ClientRequest[] {
  const common: Headers = [
    ["Host", host],
    ["Accept", "*/*"],
    ["Accept-Encoding", "gzip, deflate, br"],
    ["User-Agent", "Python/3.12 aiohttp/3.11.11"],
  ];
  const head = `{"inputs":[{"name":"${input}","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],"parameters":{"binary_data_output":true}}`;
  const body = Buffer.concat([Buffer.from(head), twoNumbers]);
  const octets: readonly [string, string] = ["Content-Type", "application/octet-stream"];
  return [
    request("the asyncio client asks whether the server lives", "GET /v2/health/live", common),
    request("the asyncio client reads a model's metadata", `GET /v2/models/${model}`, common),
    request("the asyncio client lists the repository", "POST /v2/repository/index", [
      ...common,
      ["Content-Length", "0"],
      octets,
    ]),
    request(
      "the asyncio client loads a model",
      `POST /v2/repository/models/${model}/load`,
      [...common, ["Content-Length", "2"], octets],
      "{}",
    ),
    request(
      "the asyncio client infers in binary both ways",
      `POST /v2/models/${model}/infer`,
      [
        ...common,
        ["Inference-Header-Content-Length", `${head.length}`],
        ["Content-Length", `${body.byteLength}`],
        octets,
      ],
      body,
    ),
  ];
}

/** KServe's SDK over httpx: always an id and the model's name, and JSON. */
function kserveRequest({ host, model, input }: ClientTarget): ClientRequest {
  const body = JSON.stringify({
    id: "6d9c2c1e-7a4f-4a53-9d0e-6b0c3a4d2f11",
    model_name: model,
    inputs: [{ name: input, shape: [1, 2], datatype: "FP32", data: [0.25, -1.5] }],
  });
  return request(
    "KServe's client infers in JSON",
    `POST /v2/models/${model}/infer`,
    [
      ["Host", host],
      ["Accept", "*/*"],
      ["Accept-Encoding", "gzip, deflate"],
      ["Connection", "keep-alive"],
      ["User-Agent", "python-httpx/0.27.2"],
      ["content-type", "application/json"],
      ["Content-Length", `${Buffer.byteLength(body)}`],
    ],
    body,
  );
}
