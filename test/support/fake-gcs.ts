import { createHash } from "node:crypto";
import {
  Complaint,
  type FakeAnswer,
  type FakeBlobServer,
  type FakeBucket,
  type FakeObject,
  type FakeRequest,
  mediaAnswer,
  rangeOf,
  startFakeBlobServer,
} from "./fake-blob-server.ts";

const objects = "/storage/v1/b/models/o";

/** As much of the JSON API of Google's storage as one bucket `models` with versioning needs. */
export function startFakeGcs({ token }: { readonly token?: string } = {}): Promise<FakeBlobServer> {
  const wanted = token && `Bearer ${token}`;
  return startFakeBlobServer({
    answer: (request, bucket) =>
      request.headers.authorization === wanted ? answer(request, bucket) : refusal(401, "authError"),
    refusal,
  });
}

function answer(request: FakeRequest, bucket: FakeBucket): FakeAnswer {
  const { method, url } = request;
  if (method === "POST" && url.pathname === `/upload${objects}`) return insert(request, bucket);
  if (method === "GET" && url.pathname === objects) return listing(url.searchParams, bucket);
  if (!url.pathname.startsWith(`${objects}/`)) return refusal(404, "notFound");
  const encodedName = url.pathname.slice(objects.length + 1);
  if (encodedName.includes("/")) throw new Complaint("a slash that was not encoded");
  const name = decodeURIComponent(encodedName);
  if (method === "GET") return getObject(request, bucket, name);
  if (method !== "DELETE") throw new Complaint("the method");
  return bucket.remove(name) ? { status: 204 } : refusal(404, "notFound");
}

function getObject({ url, headers }: FakeRequest, bucket: FakeBucket, name: string): FakeAnswer {
  if (url.searchParams.get("alt") !== "media") throw new Complaint("metadata instead of media");
  const wanted = url.searchParams.get("generation");
  const object =
    wanted === null
      ? bucket.newest(name)
      : bucket.versions(name).find(({ generation }) => `${generation}` === wanted);
  if (!object) return refusal(404, "notFound");
  const range = rangeOf(headers.range, object.bytes.length);
  if (range === "beyond") return refusal(416, "requestedRangeNotSatisfiable");
  return mediaAnswer(object, range, {
    "x-goog-generation": `${object.generation}`,
    "x-goog-stored-content-encoding": "identity",
  });
}

/** `multipart/related`: a part of JSON, then a part of bytes. */
function insert({ url, headers, body }: FakeRequest, bucket: FakeBucket): FakeAnswer {
  const name = url.searchParams.get("name");
  if (name === null || url.searchParams.get("uploadType") !== "multipart")
    throw new Complaint("the upload type");
  const boundary = /^multipart\/related; ?boundary="?([^"]+)"?$/.exec(headers["content-type"] ?? "")?.[1];
  if (boundary === undefined) throw new Complaint(`the content type ${headers["content-type"]}`);
  const parts = splitParts(body, boundary);
  const [metadata, media] = parts;
  if (parts.length !== 2 || !metadata || !media) throw new Complaint(`${parts.length} parts`);
  JSON.parse(metadata.toString());
  return json(200, resource(bucket.put(name, media)));
}

function splitParts(body: Buffer, boundary: string): Buffer[] {
  const parts: Buffer[] = [];
  const mark = Buffer.from(`--${boundary}`);
  for (let at = body.indexOf(mark); at >= 0; ) {
    const next = body.indexOf(mark, at + mark.length);
    if (next < 0) break;
    const head = body.indexOf("\r\n\r\n", at);
    parts.push(body.subarray(head + 4, next - 2));
    at = next;
  }
  return parts;
}

function listing(query: URLSearchParams, bucket: FakeBucket): FakeAnswer {
  const most = Number(query.get("maxResults"));
  if (!(most >= 1)) throw new Complaint(`maxResults ${query.get("maxResults")}`);
  const after = Buffer.from(query.get("pageToken") ?? "", "base64url").toString();
  const { found, next } = bucket.list(query.get("prefix") ?? "", after, Math.min(most, 1_000));
  const token = next === undefined ? {} : { nextPageToken: Buffer.from(next).toString("base64url") };
  const items = found.length === 0 ? {} : { items: found.map(resource) };
  return json(200, { kind: "storage#objects", ...items, ...token });
}

function resource({ name, bytes, generation, modified }: FakeObject) {
  return {
    kind: "storage#object",
    name,
    bucket: "models",
    generation: `${generation}`,
    size: `${bytes.length}`,
    updated: modified.toISOString(),
    md5Hash: createHash("md5").update(bytes).digest("base64"),
  };
}

function refusal(status: number, code: string): FakeAnswer {
  const errors = [{ domain: "global", reason: code, message: code }];
  return json(status, { error: { code: status, message: code, errors } });
}

function json(status: number, body: unknown): FakeAnswer {
  return {
    status,
    headers: { "content-type": "application/json; charset=UTF-8" },
    body: JSON.stringify(body),
  };
}
