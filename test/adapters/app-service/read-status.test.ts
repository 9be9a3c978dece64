import type { Site, WebSiteInstanceStatus } from "@azure/arm-appservice";
import { expect, test } from "vitest";
import { tagsOfCandidate } from "#adapters/app-service/deployment-tags.ts";
import type { Place, Stand } from "#adapters/app-service/read-place.ts";
import { readStatus } from "#adapters/app-service/read-status.ts";

const image = (digit: string): string => `acme.azurecr.io/detector@sha256:${digit.repeat(64)}`;
const settings = { slot: "candidate" };

type Given = {
  readonly image: string;
  readonly id?: string;
  readonly states: readonly WebSiteInstanceStatus["state"][];
  readonly site?: Partial<Site>;
};

function stand({ image: runs, id, states, site = {} }: Given): Stand {
  return {
    site: {
      location: "westeurope",
      name: "detector",
      state: "Running",
      availabilityState: "Normal",
      defaultHostName: "detector.example",
      siteConfig: { linuxFxVersion: `DOCKER|${runs}` },
      ...site,
    },
    settings: { ...(id !== undefined && { TRADEWIND_DEPLOYMENT: id }), TRADEWIND_MODELS: "/models" },
    instances: states.map((state) => ({ ...(state !== undefined && { state }) })),
  };
}

function place(more: Partial<Place> = {}): Place {
  return {
    production: stand({ image: image("1"), states: ["READY", "READY"] }),
    slot: undefined,
    plan: { location: "westeurope", name: "vision-plan", sku: { name: "P1v3", capacity: 2 } },
    config: {},
    ...more,
  };
}

const candidate = (states: Given["states"], site: Partial<Site> = {}): Stand =>
  stand({
    image: image("2"),
    id: "r1",
    states,
    site: { tags: { ...tagsOfCandidate({ id: "r1", image: image("2") }, []) }, ...site },
  });

test("what answers on all of a plan's workers is settled", () => {
  expect(readStatus(place(), settings)).toEqual({
    desired: 2,
    running: 2,
    pending: 0,
    revisions: [
      {
        name: "image-111111111111",
        role: "stable",
        image: image("1"),
        models: "/models",
        id: undefined,
        share: 1,
        running: 2,
        pending: 0,
        state: "ready",
        url: "https://detector.example",
        why: undefined,
      },
    ],
    coldStarts: [],
    troubles: [],
    isSettled: true,
  });
});

test("a worker that is not ready yet is awaited", () => {
  const production = stand({ image: image("1"), states: ["READY", "UNKNOWN"] });
  expect(readStatus(place({ production }), settings)).toMatchObject({
    running: 1,
    pending: 1,
    isSettled: false,
  });
});

test("a slot's rule is its share, and what is left is production's", () => {
  const config = {
    experiments: {
      rampUpRules: [
        { name: "candidate", reroutePercentage: 20 },
        { name: "beta", reroutePercentage: 5 },
      ],
    },
  };
  const { revisions } = readStatus(place({ slot: candidate(["READY"]), config }), settings);
  expect(revisions).toMatchObject([
    { role: "stable", share: 0.75 },
    { role: "candidate", name: "r1", id: "r1", share: 0.2, state: "ready" },
  ]);
});

test("a slot after a swap holds what answered before, as long as that was ours", () => {
  const swapped = { slotSwapStatus: { timestampUtc: new Date("2026-11-21T10:00:00Z") } };
  const production = stand({ image: image("2"), id: "r1", states: ["READY", "READY"], site: swapped });
  const before = stand({
    image: image("1"),
    states: ["READY"],
    site: { tags: { ...tagsOfCandidate({ id: "r1", image: image("2") }, []) }, ...swapped },
  });
  const roles = (given: Partial<Place>) =>
    readStatus(place(given), settings).revisions.map(({ role }) => role);
  expect(roles({ production, slot: before })).toEqual(["stable", "previous"]);
  expect(roles({ production: { ...production, settings: {} }, slot: before })).toEqual(["stable"]);
});

test("a slot that is stopped, or of somebody else, is nothing to us", () => {
  const strange = stand({ image: image("3"), states: ["READY"] });
  for (const slot of [candidate(["READY"], { state: "Stopped" }), strange])
    expect(readStatus(place({ slot }), settings).revisions).toHaveLength(1);
});

test("a container that stops on each worker failed, one that stops on some did not", () => {
  const failed = readStatus(place({ slot: candidate(["STOPPED", "STOPPED"]) }), settings);
  expect(failed.revisions[1]).toMatchObject({
    state: "failed",
    pending: 0,
    why: expect.stringContaining("stops on each of 2 instances"),
  });
  expect(failed.isSettled).toBe(true);
  const some = readStatus(place({ slot: candidate(["STOPPED", "UNKNOWN"]) }), settings);
  expect(some.revisions[1]).toMatchObject({ state: "starting", why: undefined });
  expect(some.isSettled).toBe(false);
});

test.each([
  ["the plan changes", { plan: { location: "x", sku: { capacity: 2 }, provisioningState: "InProgress" } }],
  [
    "a swap is under way",
    {
      production: stand({
        image: image("1"),
        states: ["READY", "READY"],
        site: { inProgressOperationId: "7" },
      }),
    },
  ],
] satisfies readonly (readonly [string, Partial<Place>])[])("nothing is settled while %s", (_why, given) => {
  expect(readStatus(place(given), settings).isSettled).toBe(false);
});

test("an app may stand on fewer workers than its plan has", () => {
  const plan = { location: "x", perSiteScaling: true, sku: { capacity: 5 } };
  const status = readStatus(place({ plan, config: { numberOfWorkers: 2 } }), settings);
  expect(status).toMatchObject({ desired: 2, isSettled: true });
});

test("tells what App Service says of an app that is not well", () => {
  const site: Partial<Site> = { availabilityState: "Limited", usageState: "Exceeded" };
  const production = stand({ image: image("1"), states: ["READY", "READY"], site });
  const plan = { location: "x", name: "p", sku: { capacity: 2 }, provisioningState: "Failed" as const };
  expect(readStatus(place({ production, plan }), settings).troubles).toMatchObject([
    { kind: "other", name: "p" },
    { kind: "health", name: "detector" },
    { kind: "quota", name: "detector" },
  ]);
});
