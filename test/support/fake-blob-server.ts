import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One object as it was written once. */
export type FakeObject = {
  readonly name: string;
  readonly bytes: Buffer;
  /** Counts up over all objects, so that a later one is larger. */
  readonly generation: number;
  /** In quotes. */
  readonly etag: string;
  readonly modified: Date;
};

export type Fault =
  /** Refuses outright. */
  | { readonly kind: "status"; readonly status: number }
  /** The connection ends amid a body, after so many bytes of it. */
  | { readonly kind: "cut"; readonly after: number }
  /** A body goes silent after so many bytes of it. */
  | { readonly kind: "stall"; readonly after: number }
  /** Never answers. */
  | { readonly kind: "hang" }
  /** Ends the connection instead of answering. */
  | { readonly kind: "drop" }
  /** Another writer comes between the headers and the rest of the body, and the connection ends. */
  | { readonly kind: "replace"; readonly after: number; readonly bytes: Uint8Array }
  /** Bytes that are not those that were written. */
  | { readonly kind: "corrupt" };

export type FakeBlobServer = AsyncDisposable & {
  readonly endpoint: string;
  readonly bucket: FakeBucket;
  /** What the next requests meet, one each. */
  readonly faults: Fault[];
  /** Method, path and query of every request. */
  readonly requests: readonly string[];
  /** Requests that no server of this kind would have understood. */
  readonly complaints: readonly string[];
};

export type FakeBucket = ReturnType<typeof createFakeBucket>;

/** Objects with all their versions, as a bucket with versioning keeps them. */
export function createFakeBucket() {
  const objects = new Map<string, FakeObject[]>();
  let generation = 1_700_000_000_000_000;
  const newest = (name: string): FakeObject | undefined => objects.get(name)?.at(-1);
  return {
    put: (name: string, bytes: Uint8Array): FakeObject => {
      generation += 1;
      const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
      const modified = new Date(generation / 1_000);
      const object = { name, bytes: Buffer.from(bytes), generation, etag, modified };
      objects.set(name, [...(objects.get(name) ?? []), object]);
      return object;
    },
    newest,
    versions: (name: string): readonly FakeObject[] => objects.get(name) ?? [],
    remove: (name: string): boolean => objects.delete(name),
    /** In the order of their bytes, after a name, so many. */
    list: (prefix: string, after: string, most: number) => {
      const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
      const found = names.slice(0, most).flatMap((name) => newest(name) ?? []);
      return { found, next: names.length > most ? found.at(-1)?.name : undefined };
    },
  };
}

export type FakeRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
};

export type FakeAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** The body is an object's, so it may be cut. */
  readonly media?: FakeObject;
};

export type FakeApi = {
  readonly answer: (request: FakeRequest, bucket: FakeBucket) => FakeAnswer;
  readonly refusal: (status: number, code: string) => FakeAnswer;
};

/** A request that the real service would refuse as malformed: the test that sent it fails on `complaints`. */
export class Complaint extends Error {
  override readonly name = "Complaint";
}

/** The part of the fakes that has nothing to do with whose API they speak. */
export async function startFakeBlobServer(api: FakeApi): Promise<FakeBlobServer> {
  const bucket = createFakeBucket();
  const faults: Fault[] = [];
  const requests: string[] = [];
  const complaints: string[] = [];
  const answered = (request: FakeRequest): FakeAnswer => {
    try {
      return api.answer(request, bucket);
    } catch (error) {
      complaints.push(`${request.method} ${request.url.pathname}: ${error}`);
      return api.refusal(400, "InvalidRequest");
    }
  };
  const server = createServer((incoming, response) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const fault = faults.shift();
    void bodyOf(incoming).then((body) => {
      const url = new URL(incoming.url ?? "/", "http://fake");
      const request = { method: incoming.method ?? "", url, headers: incoming.headers, body };
      if (fault?.kind === "hang") return;
      if (fault?.kind === "drop") return void incoming.socket.destroy();
      const answer = fault?.kind === "status" ? api.refusal(fault.status, "Planted") : answered(request);
      send(response, answer, { fault, bucket });
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const closed = once(server, "close");
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket,
    faults,
    requests,
    complaints,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await closed;
    },
  };
}

/** Which bytes a Range header asks of an object, or that it has none there. */
export function rangeOf(header: string | undefined, size: number): [number, number] | undefined | "beyond" {
  if (header === undefined) return undefined;
  const match = /^bytes=(\d+)-(\d*)$/.exec(header);
  if (!match) throw new Complaint(`the range ${header}`);
  const [start, last] = [Number(match[1]), match[2] === "" ? size - 1 : Number(match[2])];
  if (last < start && size > 0) throw new Complaint(`the range ${header}`);
  return start >= size ? "beyond" : [start, Math.min(last + 1, size)];
}

/** A whole object or a range of it, as all three services answer. */
export function mediaAnswer(
  object: FakeObject,
  range: [number, number] | undefined,
  headers: Record<string, string>,
): FakeAnswer {
  const [start, end] = range ?? [0, object.bytes.length];
  const part = range ? { "content-range": `bytes ${start}-${end - 1}/${object.bytes.length}` } : {};
  return {
    status: range ? 206 : 200,
    headers: { ...headers, ...part, "last-modified": object.modified.toUTCString() },
    body: object.bytes.subarray(start, end),
    media: object,
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk);
  } catch {
    // Whoever sent it left; nobody waits for an answer.
  }
  return Buffer.concat(chunks);
}

type Sending = { readonly fault: Fault | undefined; readonly bucket: FakeBucket };

function send(response: ServerResponse, answer: FakeAnswer, { fault, bucket }: Sending): void {
  const body = Buffer.from(answer.body ?? "");
  response.writeHead(answer.status, { "content-length": body.length, ...answer.headers });
  if (!answer.media || !fault || !(fault.kind === "corrupt" || "after" in fault)) {
    response.end(body);
    return;
  }
  if (fault.kind === "corrupt") {
    response.end(body.map((byte) => byte ^ 1));
    return;
  }
  response.write(body.subarray(0, fault.after), () => {
    if (fault.kind === "stall") return;
    if (fault.kind === "replace") bucket.put(answer.media?.name ?? "", fault.bytes);
    response.socket?.destroy();
  });
}
