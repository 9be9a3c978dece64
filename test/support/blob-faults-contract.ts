import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import type { OpenBlobsOptions } from "#infra/runtime/blobs/open-blobs.ts";
import { expectOnlyOld, oldFile, text } from "./blob-files.ts";
import type { FakeBlobServer, Fault } from "./fake-blob-server.ts";

export type BlobFaultsContract = {
  readonly name: string;
  readonly open: (options?: OpenBlobsOptions) => Promise<FaultySubject>;
};

export type FaultySubject = { readonly store: BlobStore; readonly server: FakeBlobServer };

const { signal } = new AbortController();
const maxBytes = 1_048_576;
const large = Buffer.from(Array.from({ length: 300_000 }, (_, place) => (place * 7) % 251));
const secrets = /hidden-word|Signature=|sig=/;
const unavailable = { code: "blob_unavailable" };

/** What a store in a cloud holds to when the cloud or the way to it fails. */
export function describeBlobFaults({ name, open }: BlobFaultsContract): void {
  const holds: Holds = (behaviour, prove, options) => {
    test(behaviour, async () => {
      const subject = await open(options);
      onTestFinished(() => subject.store.close());
      await prove(subject);
    });
  };
  describe(name, () => {
    describe("bodies", () => bodiesHold(holds));
    describe("refusals", () => refusalsHold(holds));
    describe("waiting", () => waitingHolds(holds));
  });
}

type Holds = (
  behaviour: string,
  prove: (subject: FaultySubject) => Promise<void>,
  options?: OpenBlobsOptions,
) => void;

const again = (fault: Fault, times: number): Fault[] => Array.from({ length: times }, () => fault);

function bodiesHold(holds: Holds): void {
  holds("takes up a body that was cut where it stopped", async ({ store, server }) => {
    server.bucket.put("k", large);
    server.faults.push({ kind: "cut", after: 100_000 }, { kind: "cut", after: 100_000 });
    const read = await store.read("k", { signal, maxBytes });
    expect(Buffer.compare(read.bytes, large)).toBe(0);
    expect(server.requests).toHaveLength(3);
  });

  holds("takes up a range that was cut, within the range", async ({ store, server }) => {
    server.bucket.put("k", large);
    server.faults.push({ kind: "cut", after: 1_000 });
    const range = await store.readRange("k", { start: 100, end: 5_100, signal });
    expect(await text(range.body)).toBe(large.subarray(100, 5_100).toString());
  });

  holds("leaves nothing of a download that is cut again and again", async ({ store, server }) => {
    server.bucket.put("k", large);
    server.faults.push(...again({ kind: "cut", after: 10 }, 20));
    const path = await oldFile();
    await expect(store.download("k", path, { signal, maxBytes })).rejects.toMatchObject(unavailable);
    await expectOnlyOld(path);
    expect(server.requests.length).toBeLessThan(20);
  });

  holds("never joins two versions of a blob that is replaced while it is read", async ({ store, server }) => {
    server.bucket.put("k", large);
    server.faults.push({ kind: "replace", after: 1_000, bytes: Buffer.from("new") });
    const path = await oldFile();
    const outcome = await store.download("k", path, { signal, maxBytes }).catch((error: unknown) => error);
    // A bucket that keeps old versions may still give the rest of this one.
    if (!(outcome instanceof Error)) expect(outcome).toMatchObject({ bytes: large.length });
    else expect(outcome).toMatchObject({ code: "blob_missing" });
    if (outcome instanceof Error) await expectOnlyOld(path);
  });

  holds("leaves nothing of bytes that were changed on their way", async ({ store, server }) => {
    const { sha256 } = await store.write("k", large, { signal });
    server.faults.push({ kind: "corrupt" });
    const path = await oldFile();
    const download = store.download("k", path, { signal, maxBytes, sha256 });
    await expect(download).rejects.toMatchObject({ code: "blob_invalid" });
    await expectOnlyOld(path);
  });

  holds("does not read a blob that is larger than allowed", async ({ store, server }) => {
    server.bucket.put("k", large);
    const read = store.read("k", { signal, maxBytes: 100 });
    await expect(read).rejects.toMatchObject({ code: "blob_invalid", message: /300000 bytes, at most 100/ });
    expect((await store.read("k", { signal, maxBytes })).bytes.byteLength).toBe(300_000);
  });

  holds(
    "does no harm by a range that breaks off, or whose caller leaves, before it is read",
    async ({ store, server }) => {
      server.bucket.put("k", large);
      server.faults.push({ kind: "cut", after: 10 });
      const leaving = new AbortController();
      const range = { start: 0, end: large.length };
      const cut = await store.readRange("k", { ...range, signal });
      const left = await store.readRange("k", { ...range, signal: leaving.signal });
      leaving.abort(new Error("left"));
      await expect(text(left.body)).rejects.toThrow("left");
      expect(await text(cut.body)).toBe(large.toString());
    },
  );

  holds("lets one reader leave without harm to the others", async ({ store, server }) => {
    server.bucket.put("k", large);
    const ranges = await Promise.all(
      [0, 1, 2].map(() => store.readRange("k", { start: 0, end: large.length, signal })),
    );
    for await (const _ of ranges[0]?.body ?? []) break;
    for (const { body } of ranges.slice(1)) expect(await text(body)).toBe(large.toString());
  });
}

function refusalsHold(holds: Holds): void {
  holds("asks again when a server is busy, for reads, lists and writes", async ({ store, server }) => {
    const busy: Fault = { kind: "status", status: 503 };
    server.faults.push(busy);
    await store.write("k", large, { signal });
    server.faults.push(busy);
    expect((await store.read("k", { signal, maxBytes })).bytes.byteLength).toBe(300_000);
    server.faults.push(busy);
    expect(await store.list("", { signal })).toHaveLength(1);
  });

  holds("stops asking a server that stays busy", async ({ store, server }) => {
    server.faults.push(...again({ kind: "status", status: 503 }, 20));
    await expect(store.read("k", { signal, maxBytes })).rejects.toMatchObject(unavailable);
    expect(server.requests.length).toBeGreaterThan(1);
    expect(server.requests.length).toBeLessThan(6);
  });

  holds("says what a refused caller lacks, and nothing that it has", async ({ store, server }) => {
    server.faults.push({ kind: "status", status: 403 });
    const error = await store.read("a/k", { signal, maxBytes }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      ...unavailable,
      message: expect.stringContaining("a/k in "),
      hint: expect.stringContaining("role"),
    });
    expect(server.requests).toHaveLength(1);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(secrets);
  });

  holds("asks again when a connection ends instead of an answer", async ({ store, server }) => {
    server.faults.push({ kind: "drop" });
    await store.write("k", large, { signal });
    server.faults.push({ kind: "drop" });
    expect((await store.read("k", { signal, maxBytes })).bytes.byteLength).toBe(300_000);
    server.faults.push({ kind: "drop" });
    expect(await store.list("", { signal })).toHaveLength(1);
  });

  holds(
    "is unavailable where nobody listens, without saying how it was asked",
    async ({ store, server }) => {
      await server[Symbol.asyncDispose]();
      const calls = [
        store.read("k", { signal, maxBytes }),
        store.write("k", large, { signal }),
        store.list("", { signal }),
        store.delete("k", { signal }),
      ];
      for (const call of await Promise.allSettled(calls)) {
        const error = call.status === "rejected" ? call.reason : undefined;
        expect(error).toMatchObject(unavailable);
        expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(secrets);
      }
    },
    { timeoutMs: 300 },
  );
}

function waitingHolds(holds: Holds): void {
  holds(
    "gives up on a server that never answers",
    async ({ store, server }) => {
      server.faults.push(...again({ kind: "hang" }, 20));
      await expect(store.read("k", { signal, maxBytes })).rejects.toMatchObject(unavailable);
      await expect(store.list("", { signal })).rejects.toMatchObject(unavailable);
      await expect(store.delete("k", { signal })).rejects.toMatchObject(unavailable);
    },
    { timeoutMs: 150 },
  );

  holds(
    "takes up a body that went silent",
    async ({ store, server }) => {
      server.bucket.put("k", large);
      server.faults.push({ kind: "stall", after: 1_000 });
      expect(Buffer.compare((await store.read("k", { signal, maxBytes })).bytes, large)).toBe(0);
    },
    { stallMs: 100 },
  );

  holds("lets a caller leave a server that never answers", async ({ store, server }) => {
    server.faults.push(...again({ kind: "hang" }, 5));
    const leaving = new AbortController();
    const reads = [
      store.read("k", { signal: leaving.signal, maxBytes }),
      store.list("", { signal: leaving.signal }),
      store.write("k", large, { signal: leaving.signal }),
    ].map((call) => expect(call).rejects.toThrow("left"));
    leaving.abort(new Error("left"));
    await Promise.all(reads);
  });

  holds("lets a caller leave amid a silent body, and leaves nothing of it", async ({ store, server }) => {
    server.bucket.put("k", large);
    server.faults.push({ kind: "stall", after: 1_000 });
    const path = await oldFile();
    const leaving = new AbortController();
    const download = store.download("k", path, { signal: leaving.signal, maxBytes });
    const left = expect(download).rejects.toThrow("left");
    await expect.poll(() => server.requests.length).toBe(1);
    leaving.abort(new Error("left"));
    await left;
    await expectOnlyOld(path);
  });
}
