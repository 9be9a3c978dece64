import { Readable } from "node:stream";
import type { _Object, S3ClientConfig } from "@aws-sdk/client-s3";
import type { Secret } from "../../secret.ts";
import type { S3Place } from "../blob-url.ts";
import type { Bucket, Found, Patience } from "../bucket.ts";
import { etagVersion, splitVersion } from "../etag.ts";
import { extentFrom } from "../extent.ts";
import { statusOf } from "./errors.ts";

/** Without them, the client's own chain: environment, profile, container, instance. */
export type S3Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
};

export type S3Options = {
  readonly place: S3Place;
  readonly patience: Patience;
  readonly credentials?: S3Credentials | undefined;
};

export async function openBucket(options: S3Options): Promise<Bucket> {
  const { S3Client, ...commands } = await import("@aws-sdk/client-s3");
  const { GetObjectCommand, PutObjectCommand, DeleteObjectCommand, ListObjectsV2Command } = commands;
  const client = new S3Client(clientConfig(options));
  const within = { Bucket: options.place.bucket };
  return {
    page: async ({ prefix, token, limit, signal }) => {
      const MaxKeys = Math.min(limit, options.patience.pageSize);
      const next = token === undefined ? {} : { ContinuationToken: token };
      const command = new ListObjectsV2Command({ ...within, Prefix: prefix, MaxKeys, ...next });
      const page = await client.send(command, { abortSignal: signal });
      const more = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      return { found: (page.Contents ?? []).map(found), next: more };
    },
    get: async (name, { version, range, signal }) => {
      const { etag, id } = splitVersion(version);
      const command = new GetObjectCommand({
        ...within,
        Key: name,
        ...(etag === undefined ? {} : { IfMatch: etag }),
        ...(id === undefined ? {} : { VersionId: id }),
        ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` }),
      });
      const got = await client.send(command, { abortSignal: signal });
      if (!(got.Body instanceof Readable)) throw new Error("the client gave no stream");
      const extent = extentFrom(range, got.ContentRange, got.ContentLength);
      return { version: id ?? etagVersion(got.ETag), extent, body: got.Body };
    },
    put: async (name, { bytes, sha256, open }, { signal }) => {
      const ChecksumSHA256 = Buffer.from(sha256, "hex").toString("base64");
      const content = { Body: open(), ContentLength: bytes, ChecksumSHA256 };
      const command = new PutObjectCommand({ ...within, Key: name, ...content });
      return etagVersion((await client.send(command, { abortSignal: signal })).ETag);
    },
    remove: async (name, { signal }) => {
      await client.send(new DeleteObjectCommand({ ...within, Key: name }), { abortSignal: signal });
    },
    statusOf,
    close: async () => client.destroy(),
  };
}

/** The client looks for credentials, and at once would fail without, also where nothing is signed with them. */
const nobody: S3ClientConfig = {
  credentials: { accessKeyId: "nobody", secretAccessKey: "nothing" },
  signer: { sign: async (request) => request },
};

function clientConfig({ place, patience, credentials }: S3Options): S3ClientConfig {
  const { endpoint, region, pathStyle, anonymous } = place;
  // Other servers want some region in the signature and don't care which.
  const somewhere = region ?? (endpoint === undefined ? undefined : "us-east-1");
  return {
    forcePathStyle: pathStyle,
    followRegionRedirects: true,
    maxAttempts: patience.attempts,
    retryMode: "standard",
    requestHandler: { connectionTimeout: patience.connectTimeoutMs },
    // Many other servers know nothing of the newer checksums; uploads carry a sha256 of our own.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(somewhere === undefined ? {} : { region: somewhere }),
    ...(credentials === undefined ? {} : { credentials: revealed(credentials) }),
    ...(anonymous ? nobody : {}),
  };
}

function revealed({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials) {
  const plain = { accessKeyId, secretAccessKey: secretAccessKey.reveal() };
  return sessionToken === undefined ? plain : { ...plain, sessionToken: sessionToken.reveal() };
}

function found({ Key = "", Size = 0, ETag, LastModified }: _Object): Found {
  return { name: Key, bytes: Size, version: etagVersion(ETag), modifiedAt: LastModified?.getTime() ?? 0 };
}
