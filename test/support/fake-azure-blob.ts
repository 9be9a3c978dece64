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
import { escapeXml } from "./fake-s3.ts";

export const fakeSas = "sv=2026-01-01&sp=rwdl&sig=hidden-word-of-azure";

/** Who may ask. */
export type Door = (request: FakeRequest) => boolean;

const container = "/acme/models";

/** As much of Azure's blob service as one container `models` of the account `acme` needs; it wants the shared signature, or what its door says. */
export function startFakeAzureBlob({
  door = hasSas,
}: {
  readonly door?: Door;
} = {}): Promise<FakeBlobServer> {
  return startFakeBlobServer({
    answer: (request, bucket) =>
      door(request) ? answer(request, bucket) : refusal(403, "AuthenticationFailed"),
    refusal,
  });
}

function hasSas({ url }: FakeRequest): boolean {
  return url.searchParams.get("sig") === "hidden-word-of-azure";
}

function answer(request: FakeRequest, bucket: FakeBucket): FakeAnswer {
  const { method, url, headers } = request;
  if (headers["x-ms-version"] === undefined) throw new Complaint("no x-ms-version");
  if (url.pathname === container && method === "GET") return listing(url.searchParams, bucket);
  if (!url.pathname.startsWith(`${container}/`)) return refusal(404, "ContainerNotFound");
  const name = decodeURIComponent(url.pathname.slice(container.length + 1));
  if (method === "GET") return getBlob(request, bucket, name);
  if (method === "PUT") return putBlob(request, bucket, name);
  if (method !== "DELETE") throw new Complaint("the method");
  return bucket.remove(name) ? { status: 202 } : refusal(404, "BlobNotFound");
}

function getBlob({ url, headers }: FakeRequest, bucket: FakeBucket, name: string): FakeAnswer {
  const id = url.searchParams.get("versionid");
  if (id !== null && Number.isNaN(Date.parse(id))) return refusal(400, "InvalidQueryParameterValue");
  const object =
    id === null ? bucket.newest(name) : bucket.versions(name).find((one) => azureVersionId(one) === id);
  if (!object) return refusal(404, "BlobNotFound");
  const wanted = headers["if-match"];
  if (wanted !== undefined && wanted !== etagOf(object)) return refusal(412, "ConditionNotMet");
  const asked = headers["x-ms-range"] ?? headers.range;
  const range = rangeOf(asked === undefined ? undefined : String(asked), object.bytes.length);
  if (range === "beyond") return refusal(416, "InvalidRange");
  return mediaAnswer(object, range, {
    etag: etagOf(object),
    "x-ms-version-id": azureVersionId(object),
    "x-ms-blob-type": "BlockBlob",
  });
}

function putBlob({ headers, body }: FakeRequest, bucket: FakeBucket, name: string): FakeAnswer {
  if (headers["x-ms-blob-type"] !== "BlockBlob") throw new Complaint("no x-ms-blob-type");
  if (Number(headers["content-length"]) !== body.length) return refusal(400, "InvalidHeaderValue");
  const object = bucket.put(name, body);
  return { status: 201, headers: { etag: etagOf(object), "x-ms-version-id": azureVersionId(object) } };
}

function listing(query: URLSearchParams, bucket: FakeBucket): FakeAnswer {
  if (query.get("restype") !== "container" || query.get("comp") !== "list") throw new Complaint("no listing");
  const most = Number(query.get("maxresults"));
  if (!(most >= 1)) throw new Complaint(`maxresults ${query.get("maxresults")}`);
  const after = Buffer.from(query.get("marker") ?? "", "base64url").toString();
  const { found, next } = bucket.list(query.get("prefix") ?? "", after, Math.min(most, 5_000));
  const marker = next === undefined ? "" : Buffer.from(next).toString("base64url");
  const body = `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://fake/acme" ContainerName="models"><Blobs>${found.map(entry).join("")}</Blobs><NextMarker>${marker}</NextMarker></EnumerationResults>`;
  return { status: 200, headers: { "content-type": "application/xml" }, body };
}

/** Listings write the ETag without its quotes. */
function entry(object: FakeObject): string {
  const { name, bytes, modified } = object;
  return `<Blob><Name>${escapeXml(name)}</Name><Properties><Last-Modified>${modified.toUTCString()}</Last-Modified><Etag>${etagOf(object).replaceAll('"', "")}</Etag><Content-Length>${bytes.length}</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>`;
}

/** Unlike S3's, it changes with every write, whatever is written. */
function etagOf({ generation }: FakeObject): string {
  return `"0x${generation.toString(16).toUpperCase()}"`;
}

export function azureVersionId({ modified, generation }: FakeObject): string {
  return modified.toISOString().replace("Z", `${String(generation % 10_000).padStart(4, "0")}Z`);
}

function refusal(status: number, code: string): FakeAnswer {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return { status, headers: { "content-type": "application/xml", "x-ms-error-code": code }, body };
}
