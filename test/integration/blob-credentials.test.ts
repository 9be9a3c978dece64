import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import { type OpenBlobsOptions, openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { Secret } from "#infra/runtime/secret.ts";
import { folder } from "#test/support/blob-files.ts";
import { startFakeAzureBlob } from "#test/support/fake-azure-blob.ts";
import type { FakeBlobServer } from "#test/support/fake-blob-server.ts";
import { startFakeGcs } from "#test/support/fake-gcs.ts";
import { fakeS3Keys, startFakeS3 } from "#test/support/fake-s3.ts";

const { signal } = new AbortController();
const maxBytes = 1_000;
const bytes = Buffer.from("weights");
const accountKey = Buffer.from("hidden-word-of-the-account").toString("base64");

afterEach(() => void vi.unstubAllEnvs());

test("a public bucket of S3 is read without credentials", async () => {
  const server = await started(startFakeS3({ anonymous: true }));
  const store = await opened(`s3://models?anonymous=true&endpoint=${server.endpoint}`);
  await expectRoundTrip(store);
});

test("S3's own chain of credentials is used where none are given", async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", fakeS3Keys.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", fakeS3Keys.secretAccessKey);
  const server = await started(startFakeS3());
  await expectRoundTrip(await opened(`s3://models?endpoint=${server.endpoint}`));
});

test("S3 with a wrong secret is refused, and the secret stays one", async () => {
  const server = await started(startFakeS3());
  const s3 = { ...fakeS3Keys, secretAccessKey: new Secret("wrong-hidden-word") };
  await expectRefused(await opened(`s3://models?endpoint=${server.endpoint}`, { s3 }));
});

test("S3 without any credentials says that they are what it lacks", async () => {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_CONFIG_FILE", join(await folder(), "none"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(await folder(), "none"));
  const server = await started(startFakeS3());
  await expectRefused(await opened(`s3://models?endpoint=${server.endpoint}`));
  expect(server.requests).toEqual([]);
});

test("Google's own chain of credentials is used for every call", async () => {
  const tokens = await startTokenServer("hidden-word-of-google");
  const home = await folder();
  const credentials = {
    type: "external_account",
    audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: tokens,
    credential_source: { file: join(home, "subject") },
  };
  await writeFile(join(home, "subject"), "who we are");
  await writeFile(join(home, "credentials.json"), JSON.stringify(credentials));
  vi.stubEnv("GOOGLE_CLOUD_PROJECT", "acme");
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", join(home, "credentials.json"));
  const server = await started(startFakeGcs({ token: "hidden-word-of-google" }));
  await expectRoundTrip(await opened(`gs://models?endpoint=${server.endpoint}`));
});

test("Google without any credentials says that they are what it lacks", async () => {
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", undefined);
  vi.stubEnv("HOME", await folder());
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
  const server = await started(startFakeGcs({ token: "some" }));
  await expectRefused(await opened(`gs://models?endpoint=${server.endpoint}`));
});

test("Azure takes a connection string", async () => {
  const server = await started(
    startFakeAzureBlob({
      door: ({ headers }) => /^SharedKey acme:\S{44}$/.test(headers.authorization ?? ""),
    }),
  );
  const parts = ["DefaultEndpointsProtocol=http", "AccountName=acme", `AccountKey=${accountKey}`];
  const text = [...parts, `BlobEndpoint=${server.endpoint}/acme`].join(";");
  await expectRoundTrip(await opened("az://acme/models", { azure: { connectionString: new Secret(text) } }));
});

test.each([
  ["no connection string", "hidden-nonsense"],
  ["a key that is none", "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey="],
  [
    "another account",
    `DefaultEndpointsProtocol=https;AccountName=other;AccountKey=${accountKey};EndpointSuffix=core.windows.net`,
  ],
])("Azure refuses %s without repeating it", async (_, text) => {
  const opening = openBlobs("az://acme/models", { azure: { connectionString: new Secret(text) } });
  const error = await opening.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "config_invalid" });
  expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/hidden|AccountKey/);
});

test("Azure asks for tokens only over https, so that none is overheard", async () => {
  const server = await started(startFakeAzureBlob());
  let asked = 0;
  const getToken = async () => {
    asked += 1;
    return { token: "hidden-word", expiresOnTimestamp: 4_000_000_000_000 };
  };
  const store = await opened(`az://acme/models?endpoint=${server.endpoint}/acme`, {
    azure: { tokens: { getToken } },
  });
  await expect(store.read("k", { signal, maxBytes })).rejects.toMatchObject({ code: "blob_unavailable" });
  expect([asked, server.requests]).toEqual([0, []]);
});

async function expectRoundTrip(store: BlobStore): Promise<void> {
  await store.write("k", bytes, { signal });
  expect(Buffer.from((await store.read("k", { signal, maxBytes })).bytes).toString()).toBe("weights");
  expect(await store.list("", { signal })).toHaveLength(1);
  await store.delete("k", { signal });
}

async function expectRefused(store: BlobStore): Promise<void> {
  const error = await store.read("k", { signal, maxBytes }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "blob_unavailable", message: expect.stringContaining("credentials") });
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("hidden");
}

async function started(starting: Promise<FakeBlobServer>): Promise<FakeBlobServer> {
  const server = await starting;
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

async function opened(url: string, options: OpenBlobsOptions = {}): Promise<BlobStore> {
  const store = await openBlobs(url, { maxRetryDelayMs: 20, ...options });
  onTestFinished(() => store.close());
  return store;
}

/** Exchanges whatever it is shown for one token. */
async function startTokenServer(token: string): Promise<string> {
  const server = createServer((_, response) => {
    const answer = {
      access_token: token,
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
      token_type: "Bearer",
      expires_in: 3_600,
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
}
