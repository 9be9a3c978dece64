import { type Agent, request } from "node:http";
import { buffer } from "node:stream/consumers";

export type Posted = {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

export type Answered = {
  readonly status: number;
  /** Of the catalogue, where the request was refused. */
  readonly code: string | undefined;
  readonly retryAfter: string | undefined;
  /** The JSON part of the answer; undefined where there is none. */
  readonly json: unknown;
};

export type PostOptions = {
  readonly agent?: Agent | false;
  readonly signal?: AbortSignal;
  /** Called when the whole request has left. */
  readonly onSent?: () => void;
};

/** Posts bytes on a connection of its own, unless an agent keeps one. */
export async function post(
  url: string,
  { headers, body }: Posted,
  { agent = false, signal, onSent }: PostOptions = {},
): Promise<Answered> {
  const length = { "content-length": `${body.byteLength}` };
  const options = {
    method: "POST",
    agent,
    headers: { ...length, ...headers },
    ...(signal ? { signal } : {}),
  };
  const sent = request(url, options);
  const answered = new Promise<Answered>((resolve, reject) => {
    sent.once("error", reject);
    sent.once("response", (response) => {
      const { statusCode: status = 0, headers: said } = response;
      const length = Number(said["inference-header-content-length"] ?? Number.NaN);
      buffer(response).then((all) => {
        const json = jsonOf(Number.isNaN(length) ? all : all.subarray(0, length));
        resolve({ status, code: one(said["tradewind-error"]), retryAfter: said["retry-after"], json });
      }, reject);
    });
  });
  sent.end(body, onSent);
  return await answered;
}

function one(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === "string" ? header : header?.[0];
}

function jsonOf(bytes: Buffer): unknown {
  return bytes.length === 0 ? undefined : JSON.parse(bytes.toString());
}

/** An infer request of one FP32 tensor, which is answered in binary. */
export function tensorRequest(name: string, shape: readonly number[], data: Float32Array): Posted {
  const tail = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const parameters = { binary_data_size: tail.byteLength };
  const inputs = [{ name, datatype: "FP32", shape, parameters }];
  const json = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  return {
    headers: { "inference-header-content-length": `${json.byteLength}` },
    body: Buffer.concat([json, tail]),
  };
}

/** A square for the slow model: the time that it takes grows with the third power of its side. */
export function squareRequest(side: number): Posted {
  return tensorRequest("x", [side, side], new Float32Array(side * side).fill(1 / side));
}
