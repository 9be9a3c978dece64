import type { Site } from "@azure/arm-appservice";
import { expect, test } from "vitest";
import { candidateIn, imageOf, tagsOfCandidate } from "#adapters/app-service/deployment-tags.ts";

const image = `acme.azurecr.io/detector@sha256:${"1".repeat(64)}`;
const other = `acme.azurecr.io/detector@sha256:${"2".repeat(64)}`;
const swap = (at: string) => ({ slotSwapStatus: { timestampUtc: new Date(at) } });

function slot(more: Partial<Site> = {}): Site {
  return {
    location: "westeurope",
    tags: { ...tagsOfCandidate({ id: "r1", image }, [{}, undefined]) },
    siteConfig: { linuxFxVersion: `DOCKER|${image}` },
    ...more,
  };
}

test("a slot's tags tell the deployment in it", () => {
  expect(candidateIn(slot(), {})).toBe("r1");
  expect(candidateIn(slot({ siteConfig: {} }), {})).toBe("r1");
});

test.each([
  ["there is no slot", undefined, {}],
  ["nobody tagged it", slot({ tags: {} }), {}],
  ["it runs something else", slot({ siteConfig: { linuxFxVersion: `DOCKER|${other}` } }), {}],
  ["it was swapped since, as production says", slot(), swap("2026-11-21T10:00:00Z")],
  ["it was swapped since, as it says itself", slot(swap("2026-11-21T10:00:00Z")), {}],
])("a slot holds no candidate where %s", (_why, given, production) => {
  expect(candidateIn(given, production)).toBeUndefined();
});

test("a swap before a deployment does not hide its candidate, one after it does", () => {
  const before = swap("2026-11-21T10:00:00Z");
  const tags = { ...tagsOfCandidate({ id: "r2", image }, [before, undefined]) };
  expect(candidateIn(slot({ tags, ...before }), before)).toBe("r2");
  expect(candidateIn(slot({ tags, ...before }), swap("2026-11-21T11:00:00Z"))).toBeUndefined();
});

test("a time that is none counts as no swap", () => {
  expect(candidateIn(slot(swap("never")), {})).toBe("r1");
});

test("tags are short enough for Azure", () => {
  const tags = tagsOfCandidate({ id: "r".repeat(20), image }, [swap("2026-11-21T10:00:00Z")]);
  for (const [name, value] of Object.entries(tags)) {
    expect(name).toMatch(/^[\w-]{1,64}$/);
    expect(value.length).toBeLessThan(256);
  }
});

test("an image stands behind the word for containers", () => {
  expect(imageOf(`docker|${image}`)).toBe(image);
  expect([imageOf("NODE|24"), imageOf(undefined), imageOf("DOCKER|")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
