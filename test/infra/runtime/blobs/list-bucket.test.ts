import { expect, test } from "vitest";
import type { Bucket, Found } from "#infra/runtime/blobs/bucket.ts";
import { listBucket } from "#infra/runtime/blobs/list-bucket.ts";

const { signal } = new AbortController();
const request = { base: "base/", folder: "m/", maxEntries: 5, signal };

test("a store whose pages never end is left", async () => {
  let pages = 0;
  const page: Bucket["page"] = async () => {
    pages += 1;
    return { found: [], next: "more" };
  };
  await expect(listBucket(page, request)).rejects.toMatchObject({ code: "blob_invalid" });
  expect(pages).toBe(1_000);
});

test("names that a store was not asked for are not believed", async () => {
  const names = ["base/m/good", "base/m/../../etc", "base/n/other", "else/m/x", "base/m//x", "base/m/"];
  const page: Bucket["page"] = async () => ({ found: names.map(named), next: undefined });
  const entries = await listBucket(page, { ...request, maxEntries: 10 });
  expect(entries.map(({ key }) => key)).toEqual(["m/good"]);
});

test("what is passed over counts too, so that nobody pays for looking through it", async () => {
  const found = Array.from({ length: 6 }, () => named("base/m/.x"));
  const page: Bucket["page"] = async () => ({ found, next: undefined });
  await expect(listBucket(page, request)).rejects.toMatchObject({ code: "blob_invalid" });
});

test("a page is never asked for more than one entry beyond what may come", async () => {
  const limits: number[] = [];
  const page: Bucket["page"] = async ({ limit, token }) => {
    limits.push(limit);
    return {
      found: [named(`base/m/${limits.length}`)],
      next: token === "2" ? undefined : `${limits.length}`,
    };
  };
  expect(await listBucket(page, request)).toHaveLength(3);
  expect(limits).toEqual([6, 5, 4]);
});

function named(name: string): Found {
  return { name, bytes: 1, version: '"v"', modifiedAt: 1 };
}
