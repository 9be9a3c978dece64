import { readFile } from "node:fs/promises";

/** What a load sends, by file: each file is the payload of one request, and they are taken in turn. */
export type Requests = {
  readonly form: "tradewind" | "bytes";
  readonly path: string;
  readonly files: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
};

/** Whole requests as they go over the wire, made before the clock runs. */
export async function writeRequests({ form, path, files, headers = {} }: Requests): Promise<Buffer[]> {
  return await Promise.all(
    files.map(async (file) => {
      const payload = await readFile(file);
      const request = form === "tradewind" ? imageRequest(payload) : { headers, body: payload };
      return writeRequest(path, request.headers, request.body);
    }),
  );
}

type Headers = Readonly<Record<string, string>>;

/** As the gateway sends an image: a JSON head, then the image behind its length. */
function imageRequest(image: Buffer): { readonly headers: Headers; readonly body: Buffer } {
  const size = { binary_data_size: image.byteLength + 4 };
  const head = JSON.stringify({
    inputs: [{ name: "image", shape: [1], datatype: "BYTES", parameters: size }],
    parameters: { conf: 0.25, iou: 0.7, max_detections: 300 },
  });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(image.byteLength);
  return {
    headers: { "inference-header-content-length": String(Buffer.byteLength(head)) },
    body: Buffer.concat([Buffer.from(head), length, image]),
  };
}

function writeRequest(path: string, headers: Headers, body: Buffer): Buffer {
  const lines = Object.entries({
    host: "127.0.0.1",
    "content-type": "application/octet-stream",
    "content-length": String(body.byteLength),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n`), body]);
}
