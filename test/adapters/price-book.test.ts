import { expect, test } from "vitest";
import {
  backendPrices,
  egressPrices,
  findPrice,
  namesNear,
  staleDays,
  usdPerSecondOf,
  version,
} from "#adapters/price-book.ts";
import { prices } from "#adapters/prices.ts";

const perHour = (name: string): number | undefined => {
  const price = findPrice(name);
  const usd = price && usdPerSecondOf(price);
  return usd === undefined ? undefined : Number((usd * 3_600).toFixed(4));
};

test("prices are found by their names, by the hour or by the second", () => {
  expect(perHour("aws/g4dn.xlarge/us-east-1")).toBe(0.526);
  expect(perHour("aws/g4dn.xlarge/us-east-1/spot")).toBe(0.216);
  expect(findPrice("azure/egress")).toMatchObject({ unit: "GB", usd: 0.087 });
});

test("the smallest L4 instance of Cloud Run costs what its GPU, four vCPUs and sixteen GiB cost", () => {
  expect(findPrice("gcp/cloud-run/l4")).toMatchObject({ unit: "second", billing: "instance" });
  expect(perHour("gcp/cloud-run/l4")).toBe(1.0465);
  expect(perHour("gcp/cloud-run/l4-redundant")).toBe(1.4216);
});

test("a request to Cloud Run costs something beside its time, and an instance does not", () => {
  expect(findPrice("gcp/cloud-run/cpu-4x8/request")).toMatchObject({
    usd: 0.000_116,
    usdPerRequest: 0.000_000_4,
    billing: "request",
  });
  expect(findPrice("gcp/cloud-run/cpu-4x8/instance")).not.toHaveProperty("usdPerRequest");
});

test.each([
  "aws/g6.xlarge/us-east-1",
  "aws/g6.xlarge/us-east-1/spot",
  "azure/app-service/p1v3",
  "azure/container-apps/t4",
  "gcp/cloud-run/rtx-pro-6000",
])("%s has a name and no price, since none was found", (name) => {
  const price = findPrice(name);
  expect(price).toMatchObject({ usd: undefined, confidence: "none" });
  expect(price && usdPerSecondOf(price)).toBeUndefined();
});

test("every price says where it is from and how far it is believed, and no name is there twice", () => {
  expect(new Set(prices.map(({ name }) => name)).size).toBe(prices.length);
  for (const { name, usd, source, confidence } of prices) {
    expect(name).toMatch(/^(aws|gcp|azure)(\/[a-z0-9.-]+)+$/);
    expect(source.length).toBeGreaterThan(10);
    expect(confidence === "none").toBe(usd === undefined);
    expect(usd ?? 1).toBeGreaterThan(0);
  }
  expect([...backendPrices, ...egressPrices].sort()).toEqual(prices.map(({ name }) => name).sort());
});

test("a name that is not there has near ones, the likeliest first, however long it is", () => {
  expect(namesNear("gcp/cloudrun/l4", backendPrices)[0]).toBe("gcp/cloud-run/l4");
  expect(namesNear("AWS/g4dn.xlarge/eu-west-1", backendPrices, 1)).toEqual(["aws/g4dn.xlarge/eu-west-1"]);
  expect(namesNear("x".repeat(1_000_000), backendPrices)).toHaveLength(3);
  expect(findPrice("constructor")).toBeUndefined();
});

test("every price has a day, and none is of a day after the book", () => {
  for (const { name, asOf } of prices) {
    expect(new Date(asOf).toISOString().slice(0, 10), name).toBe(asOf);
    expect(Date.parse(asOf), name).toBeLessThanOrEqual(Date.parse(version));
  }
});

test("a price is stale after half a year, and one that nobody knows never is", () => {
  const day = 24 * 3_600_000;
  const known = findPrice("gcp/cloud-run/l4");
  const unknown = findPrice("azure/app-service/p1v3");
  if (!known || !unknown) throw new Error("the price book lacks them");
  const read = Date.parse(known.asOf);
  expect(staleDays(known, read + 180 * day)).toBeUndefined();
  expect(staleDays(known, read + 181 * day - 1)).toBeUndefined();
  expect(staleDays(known, read + 181 * day)).toBe(181);
  expect(staleDays(known, 0)).toBeUndefined();
  expect(staleDays(unknown, read + 10_000 * day)).toBeUndefined();
});
