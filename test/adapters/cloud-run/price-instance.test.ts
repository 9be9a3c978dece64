import { expect, test } from "vitest";
import { priceOf } from "#adapters/cloud-run/price-instance.ts";
import { settings } from "#adapters/cloud-run/settings.ts";

const priceWith = (keys: Readonly<Record<string, unknown>>) =>
  priceOf(
    settings.parse({
      kind: "cloud-run",
      project: "team-vision",
      region: "europe-west4",
      service: "digits",
      ...keys,
    }),
  );

test("an instance on Cloud Run costs what the configuration says, first of all", () => {
  expect(priceWith({ usdPerHour: 1.1 })).toEqual({
    usdPerHour: 1.1,
    billing: "instance",
    from: "usdPerHour",
  });
  const bySecond = priceWith({ usdPerSecond: 0.001 });
  expect(bySecond.usdPerHour).toBeCloseTo(3.6, 9);
  expect(bySecond.from).toBe("usdPerSecond");
});

test("a name in the price book is what an instance on Cloud Run costs by it", () => {
  const price = priceWith({ price: "gcp/cloud-run/l4", gpu: "nvidia-l4" });
  expect(price).toMatchObject({ billing: "instance", from: "gcp/cloud-run/l4" });
  expect(price.usdPerHour).toBeCloseTo(1.0465, 3);
});

test("a GPU that is paid for anyway is looked up in the price book, and what no page says stays unknown", () => {
  const given = { billing: "provisioned", gpu: "nvidia-l4" };
  expect(priceWith(given)).toMatchObject({ from: "gcp/cloud-run/l4" });
  const redundant = priceWith({ ...given, zonalRedundancy: true });
  expect(redundant.from).toBe("gcp/cloud-run/l4-redundant");
  expect(redundant.usdPerHour).toBeGreaterThan(priceWith(given).usdPerHour ?? Number.POSITIVE_INFINITY);
  expect(priceWith({ ...given, gpu: "nvidia-rtx-pro-6000" }).usdPerHour).toBeUndefined();
  expect(priceWith({ billing: "provisioned" })).toMatchObject({ usdPerHour: undefined });
});
