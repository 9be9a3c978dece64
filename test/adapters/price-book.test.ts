import { expect, test } from "vitest";
import { backendPrices, egressPrices, findPrice, namesNear, usdPerSecondOf } from "#adapters/price-book.ts";
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
