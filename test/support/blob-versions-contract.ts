import { expect } from "vitest";
import { text } from "./blob-files.ts";
import type { BlobHolds } from "./blob-subject.ts";

const { signal } = new AbortController();
const maxBytes = 1_048_576;
const words = new TextEncoder().encode("one model");

/** What holds of every part of a blob. */
export function rangesHold(holds: BlobHolds): void {
  holds("reads a range, with the size and version of the whole", async ({ store }) => {
    const { version } = await store.write("k", words, { signal });
    const range = await store.readRange("k", { start: 4, end: 7, version, signal });
    expect(range).toMatchObject({ start: 4, bytes: 3, totalBytes: 9, version });
    expect(await text(range.body)).toBe("mod");
  });

  holds("ends a range where the blob ends", async ({ store }) => {
    await store.write("k", words, { signal });
    const range = await store.readRange("k", { start: 4, end: 1_000, signal });
    expect([range.bytes, await text(range.body)]).toEqual([5, "model"]);
  });

  holds("joins a blob of its ranges", async ({ store }) => {
    const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, place) => place % 251));
    const { version } = await store.write("k", bytes, { signal });
    const parts: Buffer[] = [];
    for (let start = 0; start < bytes.length; start += 333) {
      const { body } = await store.readRange("k", { start, end: start + 333, version, signal });
      for await (const chunk of body) parts.push(Buffer.from(chunk));
    }
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });

  holds("refuses a range that begins where the blob is over", async ({ store }) => {
    await store.write("k", words, { signal });
    const range = store.readRange("k", { start: 9, end: 12, signal });
    await expect(range).rejects.toMatchObject({ code: "blob_invalid" });
  });

  const wrong = [
    [5, 5],
    [5, 4],
    [-1, 4],
    [0.5, 4],
    [0, Number.NaN],
    [0, Number.POSITIVE_INFINITY],
  ] as const;
  for (const [start, end] of wrong) {
    holds(`refuses ${start} to ${end} as a range`, async ({ store }) => {
      await store.write("k", words, { signal });
      const range = store.readRange("k", { start, end, signal });
      await expect(range).rejects.toMatchObject({ code: "blob_invalid" });
    });
  }

  holds("lets a reader leave amid a range", async ({ store }) => {
    await store.write("k", Buffer.alloc(700_000), { signal });
    const { body } = await store.readRange("k", { start: 0, end: 700_000, signal });
    for await (const _ of body) break;
    expect((await store.read("k", { signal, maxBytes })).bytes.byteLength).toBe(700_000);
  });
}

/** What holds of every version of a blob. */
export function versionsHold(holds: BlobHolds): void {
  holds("names one version the same in writing, listing and reading", async ({ store }) => {
    const { version } = await store.write("a/k", words, { signal });
    const [entry] = await store.list("", { signal });
    const read = await store.read("a/k", { signal, maxBytes });
    expect([entry?.version, read.version]).toEqual([version, version]);
  });

  holds("names other content by another version", async ({ store }) => {
    const first = await store.write("k", words, { signal });
    const second = await store.write(
      "k",
      words.map((byte) => byte ^ 1),
      { signal },
    );
    expect(second.version).not.toBe(first.version);
  });

  holds("never gives another version than was asked", async ({ store }) => {
    const { version } = await store.write("k", words, { signal });
    await store.write("k", new Uint8Array([1]), { signal });
    const outcome = await store.read("k", { signal, maxBytes, version }).catch((error: unknown) => error);
    // Gone, or kept by a place that keeps versions: but not the new bytes.
    if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "blob_missing" });
    else expect(outcome).toEqual({ bytes: words, version });
  });

  for (const version of ['"no such tag"', "1", "never-was", "../x"]) {
    holds(`says of version ${version} that it is gone`, async ({ store }) => {
      await store.write("k", words, { signal });
      await expect(store.read("k", { signal, maxBytes, version })).rejects.toMatchObject({
        code: "blob_missing",
        message: expect.stringContaining("this version of k"),
      });
    });
  }

  for (const version of ["", "a\r\nb: c", "ü", "v".repeat(1_025)]) {
    holds(`refuses ${JSON.stringify(version).slice(0, 20)} as a version`, async ({ store }) => {
      const read = store.read("k", { signal, maxBytes, version });
      await expect(read).rejects.toMatchObject({ code: "blob_invalid" });
    });
  }
}
