import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type OpenBlobsOptions, openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { Secret } from "#infra/runtime/secret.ts";
import { describeBlobFaults } from "#test/support/blob-faults-contract.ts";
import { folder } from "#test/support/blob-files.ts";
import { describeBlobStore } from "#test/support/blob-store-contract.ts";
import { azureVersionId, fakeSas, startFakeAzureBlob } from "#test/support/fake-azure-blob.ts";
import type { FakeBlobServer, FakeObject } from "#test/support/fake-blob-server.ts";
import { startFakeGcs } from "#test/support/fake-gcs.ts";
import { fakeS3Keys, startFakeS3 } from "#test/support/fake-s3.ts";

const { signal } = new AbortController();
const maxBytes = 1_000;

type Cloud = {
  readonly name: string;
  readonly start: () => Promise<FakeBlobServer>;
  readonly address: (endpoint: string, prefix?: string) => string;
  /** How the cloud itself names one version. */
  readonly idOf: (object: FakeObject) => string;
  readonly options?: OpenBlobsOptions;
};

const clouds: readonly Cloud[] = [
  {
    name: "S3",
    start: startFakeS3,
    address: (endpoint, prefix = "") => `s3://models${prefix}?endpoint=${endpoint}`,
    idOf: ({ generation }) => `v${generation}`,
    options: {
      s3: { accessKeyId: fakeS3Keys.accessKeyId, secretAccessKey: new Secret(fakeS3Keys.secretAccessKey) },
    },
  },
  {
    name: "GCS",
    start: startFakeGcs,
    address: (endpoint, prefix = "") => `gs://models${prefix}?anonymous=true&endpoint=${endpoint}`,
    idOf: ({ generation }) => `${generation}`,
  },
  {
    name: "Azure Blob",
    start: startFakeAzureBlob,
    address: (endpoint, prefix = "") => `az://acme/models${prefix}?endpoint=${endpoint}/acme`,
    idOf: azureVersionId,
    options: { azure: { sas: new Secret(`?${fakeSas}`) } },
  },
];

for (const cloud of clouds) {
  describeBlobStore({
    name: `blobs in ${cloud.name}`,
    open: async () => {
      const { store, server } = await openIn(cloud, "/team a/v1");
      return { store, plant: async (key, bytes) => void server.bucket.put(`team a/v1/${key}`, bytes) };
    },
  });

  describeBlobFaults({ name: `failing ${cloud.name}`, open: (options) => openIn(cloud, "", options) });

  test(`what lies beside the store's prefix in ${cloud.name} is none of it`, async () => {
    const { store, server } = await openIn(cloud, "/team a");
    for (const name of ["team a/k", "team a2/k", "k", "team a/team a/k"]) {
      server.bucket.put(name, Buffer.from(name));
    }
    expect((await store.list("", { signal })).map(({ key }) => key)).toEqual(["k", "team a/k"]);
    expect((await store.list("team a/", { signal })).map(({ key }) => key)).toEqual(["team a/k"]);
    expect((await store.read("k", { signal, maxBytes })).bytes).toEqual(
      Uint8Array.from(Buffer.from("team a/k")),
    );
  });

  test(`an old version is read by its id where ${cloud.name} keeps it, over a broken connection too`, async () => {
    const { store, server } = await openIn(cloud);
    const version = cloud.idOf(server.bucket.put("k", Buffer.from("old one")));
    server.bucket.put("k", Buffer.from("new one"));
    server.faults.push({ kind: "cut", after: 3 });
    const read = await store.read("k", { signal, maxBytes, version });
    expect([Buffer.from(read.bytes).toString(), read.version]).toEqual(["old one", version]);
  });

  test(`a bucket that ${cloud.name} does not have is missing`, async () => {
    const { server } = await openIn(cloud);
    const store = await openBlobs(cloud.address(server.endpoint).replace("models", "nowhere"), cloud.options);
    onTestFinished(() => store.close());
    await expect(store.list("", { signal })).rejects.toMatchObject({ code: "blob_missing" });
    await expect(store.write("k", new Uint8Array(1), { signal })).rejects.toMatchObject({
      code: "blob_missing",
    });
  });
}

test("a process with its blobs in a folder loads no cloud's client", async () => {
  const root = await folder();
  const record = join(root, ".loads");
  const script = `
    import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
    await using store = await openBlobs(${JSON.stringify(root)});
    await store.list("", { signal: new AbortController().signal });`;
  execFileSync(
    process.execPath,
    ["--import", "./test/bench/record-loads.ts", "--input-type=module", "--eval", script],
    { env: { ...process.env, TRADEWIND_RECORD_LOADS: record } },
  );
  const loaded = (await readFile(record, "utf8")).split("\n");
  expect(loaded.some((url) => url.endsWith("/blobs/folder/bucket.ts"))).toBe(true);
  expect(loaded.filter((url) => /node_modules/.test(url))).toEqual([]);
});

async function openIn(cloud: Cloud, prefix = "", options: OpenBlobsOptions = {}) {
  const server = await cloud.start();
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    expect(server.complaints).toEqual([]);
  });
  // Small pages, so that every list is of several.
  const patience = { pageSize: 2, maxRetryDelayMs: 20 };
  const address = cloud.address(server.endpoint, prefix);
  const store = await openBlobs(address, { ...patience, ...cloud.options, ...options });
  onTestFinished(() => store.close());
  return { store, server };
}
