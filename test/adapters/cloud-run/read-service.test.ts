import { expect, test } from "vitest";
import { readService } from "#adapters/cloud-run/read-service.ts";
import type { Service } from "#adapters/cloud-run/run-api.ts";

const revision = (name: string): string => `projects/p/locations/l/services/digits/revisions/${name}`;
const least: Service = { etag: '"1"', template: {}, latestReadyRevision: revision("digits-2") };

test("the newest revision has all of the traffic where a service says nothing of it", () => {
  expect(readService(least).wanted).toEqual([{ revision: "digits-2", percent: 100 }]);
});

test("traffic of the newest revision is read by that one's name", () => {
  const traffic: Service["traffic"] = [
    { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 90 },
    { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: "digits-1", percent: 10, tag: "old" },
  ];
  expect(readService({ ...least, traffic }).wanted).toEqual([
    { revision: "digits-2", percent: 90 },
    { revision: "digits-1", percent: 10, tag: "old" },
  ]);
});

test("a service that nothing was ever ready of is read all the same", () => {
  const view = readService({ etag: '"1"', template: {}, uri: "https://digits.a.run.app/" });
  expect(view).toMatchObject({ wanted: [], actual: [], latestReady: undefined, least: 0, most: 0 });
  expect(view.url).toBe("https://digits.a.run.app");
});

test.each<[string, Service]>([
  ["no etag", { template: {} }],
  ["no template", { etag: '"1"' }],
  ["an address in the clear", { ...least, uri: "http://digits.a.run.app" }],
  ["an address of another kind", { ...least, uri: "file:///etc/passwd" }],
  [
    "a tag's address in the clear",
    { ...least, trafficStatuses: [{ percent: 0, uri: "http://example.com" }] },
  ],
  ["more than all of the traffic", { ...least, traffic: [{ percent: 101 }] }],
  ["a share below nothing", { ...least, traffic: [{ percent: -1 }] }],
  ["a revision that is a path", { ...least, latestReadyRevision: "a/..%2f" }],
  ["a thousand shares", { ...least, traffic: Array.from({ length: 1_000 }, () => ({ percent: 0 })) }],
  ["a very long etag", { ...least, etag: "e".repeat(10_000) }],
  ["half an instance", { ...least, scaling: { minInstanceCount: 0.5 } }],
])("an answer with %s is not believed", (_, service) => {
  expect(() => readService(service)).toThrow(expect.objectContaining({ code: "provider_answer_invalid" }));
});
