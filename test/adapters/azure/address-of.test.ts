import { expect, test } from "vitest";
import { addressOf } from "#adapters/azure/address-of.ts";

test("an address in Azure has a host and a name that are ones", () => {
  expect(addressOf("a.example", "r1")).toEqual([{ url: "https://a.example", name: "r1" }]);
  expect(addressOf("a.example", "r 1")).toEqual([]);
  expect(addressOf("a.example", "r".repeat(64))).toEqual([]);
  expect(addressOf("a.example", undefined)).toEqual([]);
  expect(addressOf("a example", "r1")).toEqual([]);
});
