import { expect, test } from "vitest";
import type { ProviderStatus } from "#adapters/control.ts";
import { type FleetSight, shortImage, showFleet } from "#infra/command/operate/show-fleet.ts";
import { writeFleet } from "#infra/command/operate/write-fleet.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const image = `europe-docker.pkg.dev/acme/detect/backend@sha256:${"ab".repeat(32)}`;

const status: ProviderStatus = {
  ...{ desired: 3, running: 2, pending: 1, bounds: { least: 1, most: 4 }, isSettled: false },
  revisions: [
    {
      ...{ name: "detect-7", role: "stable", image, models: "s3://m", id: "r-1", share: 0.9 },
      ...{ running: 2, pending: 0, state: "ready", url: undefined, why: undefined },
    },
    {
      ...{ name: "detect-8", role: "candidate", image, models: undefined, id: "r-2", share: 0.1 },
      ...{ running: 0, pending: 1, state: "failed", url: "https://c", why: "it does\u001b[2Jnot start" },
    },
  ],
  coldStarts: [{ at: 0, ms: 9_000 }],
  troubles: [{ kind: "quota", name: "L4 GPUs", message: "no more L4", at: 0 }],
};

const forbidden = new TradewindError("provider_forbidden", "run.services.get is missing");

const sight: FleetSight = {
  providers: [
    {
      kind: "cloud-run",
      observed: {
        ...{ provider: "far", status, troubles: [] },
        price: { usdPerHour: 0.987_654_3, billing: "instance", from: "gcp/cloud-run/l4" },
      },
    },
    {
      kind: "ecs",
      observed: { provider: "near", status: undefined, price: undefined, troubles: [forbidden] },
    },
  ],
  rollouts: undefined,
  freezes: undefined,
};

test("a fleet is shown provider by provider, with what went wrong and nothing that moves the cursor", () => {
  const text = showFleet(sight);
  expect(text).toMatch(/^far +cloud-run +2 +3 +1 +1-4 +0\.9877 +gcp\/cloud-run\/l4 +changing$/m);
  expect(text).toMatch(/^near +ecs +- +- +- +- +- +- +run\.services\.get is missing$/m);
  expect(text).toMatch(/^far +detect-7 +stable +backend@abababababab +90% +2 +ready$/m);
  expect(text).toMatch(/^far +detect-8 .* failed: it does\?\[2Jnot start$/m);
  expect(text).toContain("far: quota L4 GPUs at 1970-01-01T00:00:00.000Z: no more L4");
  expect(text.includes("\u001b")).toBe(false);
});

test("the same is written for programs with nothing left out", () => {
  const written = writeFleet(sight);
  expect(written.providers).toMatchObject([
    {
      status: { bounds: { least: 1, most: 4 }, settled: false, cold_starts: [{ ms: 9_000 }] },
      price: { usd_per_hour: 0.987_654_3 },
    },
    { status: null, price: null, errors: [{ code: "provider_forbidden" }] },
  ]);
  expect(written).not.toHaveProperty("rollouts");
});

test.each([
  [image, "backend@abababababab"],
  ["nginx:latest", "nginx:latest"],
  ["registry:5000/a/b", "b"],
])("the image %s is shown as %s", (given, shown) => {
  expect(shortImage(given)).toBe(shown);
});
