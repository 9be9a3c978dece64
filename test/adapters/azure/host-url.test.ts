import { expect, test } from "vitest";
import { hostUrl } from "#adapters/azure/host-url.ts";

test.each([
  ["detector.azurewebsites.net", "https://detector.azurewebsites.net"],
  ["127.0.0.1:4711", "https://127.0.0.1:4711"],
  [
    "App---candidate.blue.westeurope.azurecontainerapps.io",
    "https://app---candidate.blue.westeurope.azurecontainerapps.io",
  ],
  ["", undefined],
  [undefined, undefined],
  ["user@evil.example", undefined],
  ["a.example/path", undefined],
  ["a.example:99999", undefined],
  [`${"a".repeat(300)}.example`, undefined],
])("the host %s is at %s", (host, url) => {
  expect(hostUrl(host)).toBe(url);
});
