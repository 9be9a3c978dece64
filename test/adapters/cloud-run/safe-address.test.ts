import { expect, test } from "vitest";
import { isSafeAddress } from "#adapters/cloud-run/safe-address.ts";

test.each([
  "https://digits-abc.a.run.app",
  "http://127.0.0.1:8080",
  "http://127.8.9.10",
  "http://localhost:1",
  "http://[::1]:2",
])("a token may go to %s", (address) => {
  expect(isSafeAddress(address)).toBe(true);
});

test.each([
  "http://digits-abc.a.run.app",
  "http://127.0.0.1.example.com",
  "http://localhost.example.com",
  "http://10.0.0.1",
  "ftp://127.0.0.1",
  "digits",
  "",
])("a token may not go to %s", (address) => {
  expect(isSafeAddress(address)).toBe(false);
});
