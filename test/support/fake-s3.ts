import { createHash, createHmac } from "node:crypto";
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

export const fakeS3Keys = { accessKeyId: "AKIDFAKE", secretAccessKey: "hidden-word-of-s3" };

/**
 * As much of S3 as one path-style bucket `models` with versioning needs: objects by newest and by version id,
 * conditions, ranges, listing in pages, and the check of every signature.
 */
export function startFakeS3({ anonymous = false } = {}): Promise<FakeBlobServer> {
  const mayAsk = anonymous ? isUnsigned : isSigned;
  return startFakeBlobServer({
    answer: (request, bucket) =>
      mayAsk(request) ? answer(request, bucket) : refusal(403, "SignatureDoesNotMatch"),
    refusal,
  });
}

function answer(request: FakeRequest, bucket: FakeBucket): FakeAnswer {
  const { method, url } = request;
  const [, root, ...rest] = url.pathname.split("/");
  if (root !== "models") return refusal(404, "NoSuchBucket");
  const name = decodeURIComponent(rest.join("/"));
  if (name === "" && method === "GET") return listing(url.searchParams, bucket);
  if (name === "") throw new Complaint("an object without a name");
  if (method === "GET") return getObject(request, bucket, name);
  if (method === "PUT") return putObject(request, bucket, name);
  if (method !== "DELETE") throw new Complaint("the method");
  bucket.remove(name);
  return { status: 204 };
}

function getObject({ url, headers }: FakeRequest, bucket: FakeBucket, name: string): FakeAnswer {
  const id = url.searchParams.get("versionId");
  if (id !== null && !/^v\d+$/.test(id)) return refusal(400, "InvalidArgument");
  const object =
    id === null
      ? bucket.newest(name)
      : bucket.versions(name).find(({ generation }) => id === `v${generation}`);
  if (!object) return refusal(404, id === null ? "NoSuchKey" : "NoSuchVersion");
  const wanted = headers["if-match"];
  if (wanted !== undefined && wanted !== object.etag) return refusal(412, "PreconditionFailed");
  const range = rangeOf(headers.range, object.bytes.length);
  if (range === "beyond") return refusal(416, "InvalidRange");
  return mediaAnswer(object, range, { etag: object.etag, "x-amz-version-id": `v${object.generation}` });
}

function putObject({ headers, body }: FakeRequest, bucket: FakeBucket, name: string): FakeAnswer {
  if (headers["content-encoding"] !== undefined) throw new Complaint("a body in chunks of its own");
  if (Number(headers["content-length"]) !== body.length) return refusal(400, "IncompleteBody");
  const sha256 = createHash("sha256").update(body).digest("base64");
  if (headers["x-amz-checksum-sha256"] !== sha256) return refusal(400, "BadDigest");
  const { etag, generation } = bucket.put(name, body);
  return { status: 200, headers: { etag, "x-amz-version-id": `v${generation}` } };
}

function listing(query: URLSearchParams, bucket: FakeBucket): FakeAnswer {
  if (query.get("list-type") !== "2") throw new Complaint("the old listing");
  const most = Number(query.get("max-keys"));
  if (!(most >= 1)) throw new Complaint(`max-keys ${query.get("max-keys")}`);
  const after = Buffer.from(query.get("continuation-token") ?? "", "base64url").toString();
  const { found, next } = bucket.list(query.get("prefix") ?? "", after, Math.min(most, 1_000));
  const token =
    next && `<NextContinuationToken>${Buffer.from(next).toString("base64url")}</NextContinuationToken>`;
  const body = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>models</Name><KeyCount>${found.length}</KeyCount>
<IsTruncated>${next !== undefined}</IsTruncated>${token ?? ""}${found.map(content).join("")}</ListBucketResult>`;
  return { status: 200, headers: { "content-type": "application/xml" }, body };
}

function content({ name, bytes, etag, modified }: FakeObject): string {
  return `<Contents><Key>${escapeXml(name)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>${escapeXml(etag)}</ETag><Size>${bytes.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
}

function refusal(status: number, code: string): FakeAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message><AWSAccessKeyId>${fakeS3Keys.accessKeyId}</AWSAccessKeyId></Error>`;
  return { status, headers: { "content-type": "application/xml" }, body };
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function isUnsigned({ headers }: FakeRequest): boolean {
  return headers.authorization === undefined;
}

/** Signature version 4, computed again from what arrived. */
function isSigned({ method, url, headers, body }: FakeRequest): boolean {
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([\w-]+)\/s3\/aws4_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    );
  const [, id, day = "", region = "", signed = "", signature] = given ?? [];
  if (id !== fakeS3Keys.accessKeyId) return false;
  const payload = String(headers["x-amz-content-sha256"]);
  const digest = createHash("sha256").update(body).digest("hex");
  if (payload !== "UNSIGNED-PAYLOAD" && payload !== digest) return false;
  const query = [...url.searchParams]
    .map((pair) => pair.map(encoded).join("="))
    .sort()
    .join("&");
  const lines = signed.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, url.pathname, query, lines.join(""), signed, payload].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const hashed = createHash("sha256").update(canonical).digest("hex");
  const text = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashed].join("\n");
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    (last, word) => createHmac("sha256", last).update(word).digest(),
    `AWS4${fakeS3Keys.secretAccessKey}`,
  );
  return createHmac("sha256", key).update(text).digest("hex") === signature;
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
