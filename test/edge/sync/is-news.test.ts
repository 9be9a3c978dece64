import { expect, test } from "vitest";
import { isNews, type Told } from "#edge/sync/is-news.ts";
import type { Report } from "#infra/runtime/devices/words.ts";
import { deviceReport, held, model, modelReport } from "#test/support/edge-rollouts.ts";

const one = modelReport({ active: held(1), state: "probation" });
const report: Report = { ...deviceReport([one]), freeBytes: 1_000_000 };
const last: Told = { report, planned: [{ model, release: 1, why: "steady" }], atMs: 0 };

function after(words: Partial<Report>, more: Partial<Told> = {}): boolean {
  return isNews({ ...last, report: { ...report, ...words }, atMs: 300_000, ...more }, last);
}

test("a first report is news, and so is one an hour after the last, whatever it says", () => {
  expect(isNews(last, undefined)).toBe(true);
  expect(after({}, { atMs: 3_599_999 })).toBe(false);
  expect(after({}, { atMs: 3_600_000 })).toBe(true);
});

test("what always moves is no news", () => {
  expect(after({ at: 300_000, metadataAgeMs: 300_000, freeBytes: 900_000 })).toBe(false);
});

test.each<[string, Partial<Report>]>([
  ["a probation that ended, if only by time", { models: [{ ...one, state: "in_sync" }] }],
  ["a release that runs now", { models: [{ ...one, active: held(2), previous: held(1) }] }],
  ["a release on its way", { models: [{ ...one, wanted: 2, state: "syncing" }] }],
  [
    "a failure",
    { models: [{ ...one, failure: { cause: "disk_full", release: 2, detail: "" }, state: "failed" }] },
  ],
  ["an image that was answered", { models: [{ ...one, images: one.images + 1, p95Ms: 7 }] }],
  ["a rollout that counts it", { models: [{ ...one, rollout: "er_2" }] }],
  ["another model", { models: [one, { ...one, model: "other" }] }],
  ["a model less", { models: [] }],
  ["trouble", { trouble: "repository_expired: the lists have expired" }],
  ["a clock that is no longer trusted", { clockTrusted: !report.clockTrusted }],
  ["lists that were never fresh", { metadataAgeMs: null }],
  ["another agent", { agent: "9.9.9" }],
  ["a disk that has an eighth less", { freeBytes: 874_000 }],
  ["a disk that has an eighth more", { freeBytes: 1_126_000 }],
  ["a disk that nobody can ask", { freeBytes: null }],
])("%s is news", (_, words) => {
  expect(after(words)).toBe(true);
});

test("a plan that became another is answered, though what runs is the same", () => {
  expect(after({}, { planned: [{ model, release: 1, why: "pinned" }] })).toBe(true);
  expect(after({}, { planned: undefined })).toBe(true);
});

test("a disk that swings about one size is told of once", () => {
  expect(after({ freeBytes: 999_999 })).toBe(false);
  expect(after({ freeBytes: 1_000_001 })).toBe(false);
});
