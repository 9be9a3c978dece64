import { expect, test } from "vitest";
import { openOrigin } from "#edge/fetch/open-origin.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const url = "http://127.0.0.1:9/edge/v1/repository";

test.each([
  "//elsewhere.example/targets/m",
  "http://elsewhere.example/targets/m",
  "file:///etc/passwd",
  "/edge/v1/keys",
  "../keys",
  "targets/m/../../../keys",
  "targets/%2e%2e/%2e%2e/keys",
  "..\\keys",
])("an address that leads out of the repository, as %j, is not asked for, nor proved", async (address) => {
  let proved = 0;
  const prove = async (): Promise<Record<string, string>> => {
    proved += 1;
    return {};
  };
  await using origin = openOrigin({ url, kind: "gateway", prove, clock: createFakeClock() });
  const { signal } = new AbortController();
  await expect(origin.get({ address, signal })).rejects.toMatchObject({ code: "repository_refused" });
  expect(proved).toBe(0);
});
