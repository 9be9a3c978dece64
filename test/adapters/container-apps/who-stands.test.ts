import type { ContainerApp, Revision } from "@azure/arm-appcontainers";
import { expect, test } from "vitest";
import { rolesIn, stableOf, trafficOf, weightOf } from "#adapters/container-apps/who-stands.ts";

const revision = (name: string, more: Partial<Revision> = {}): Revision => ({ name, active: true, ...more });

type Given = {
  readonly traffic?: NonNullable<NonNullable<ContainerApp["configuration"]>["ingress"]>["traffic"];
  readonly mode?: string;
  readonly tags?: Record<string, string>;
};

function app({ traffic = [], mode = "Multiple", tags = {} }: Given): ContainerApp {
  return {
    location: "westeurope",
    name: "detector",
    tags,
    latestRevisionName: "c",
    latestReadyRevisionName: "b",
    configuration: { activeRevisionsMode: mode, ingress: { external: true, traffic } },
  };
}

const names = (given: Given, revisions = [revision("a"), revision("b"), revision("c")]) => {
  const { stable, candidate, previous } = rolesIn({ app: app(given), revisions });
  return [stable?.name, candidate?.name, previous?.name];
};

test("what answers has most of the traffic, and the candidate has its label", () => {
  const traffic = [
    { revisionName: "a", weight: 90 },
    { revisionName: "c", weight: 10, label: "candidate" },
  ];
  expect(names({ traffic })).toEqual(["a", "c", undefined]);
  expect(names({ traffic: [...traffic].reverse() })).toEqual(["a", "c", undefined]);
});

test("what follows the latest revision is said of the one that is ready now", () => {
  const traffic = [{ latestRevision: true, weight: 100 }];
  expect(trafficOf(app({ traffic }))).toEqual([{ revisionName: "b", weight: 100 }]);
  expect(names({ traffic })).toEqual(["b", undefined, undefined]);
});

test("an app of a single revision has no other one in its traffic", () => {
  expect(trafficOf(app({ mode: "Single", traffic: [{ revisionName: "a", weight: 100 }] }))).toEqual([
    { revisionName: "b", weight: 100 },
  ]);
});

test("a tag remembers what answered before, unless that is something else again", () => {
  const traffic = [{ revisionName: "b", weight: 100 }];
  expect(names({ traffic, tags: { "tradewind-previous": "a" } })).toEqual(["b", undefined, "a"]);
  expect(names({ traffic, tags: { "tradewind-previous": "b" } })).toEqual(["b", undefined, undefined]);
  expect(names({ traffic, tags: { "tradewind-previous": "gone" } })).toEqual(["b", undefined, undefined]);
  expect(names({ traffic, tags: { "tradewind-previous": "" } })).toEqual(["b", undefined, undefined]);
});

test("a candidate that was deactivated is none", () => {
  const traffic = [
    { revisionName: "a", weight: 100 },
    { revisionName: "c", weight: 0, label: "candidate" },
  ];
  expect(names({ traffic }, [revision("a"), revision("c", { active: false })])).toEqual([
    "a",
    undefined,
    undefined,
  ]);
});

test("a revision that stands twice in the traffic has both shares", () => {
  const traffic = [
    { revisionName: "a", weight: 60 },
    { revisionName: "a", weight: 40, label: "blue" },
  ];
  expect(weightOf(app({ traffic }), revision("a"))).toBe(100);
});

test("an app of which nothing answers can have nothing beside it", () => {
  expect(() => stableOf({ app: app({}), revisions: [] })).toThrow(
    expect.objectContaining({ code: "provider_missing" }),
  );
});
