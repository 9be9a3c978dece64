import { expect, test } from "vitest";
import { podsOf, readSlice, type Slice } from "#adapters/kubernetes/read-slice.ts";

const slice = (more: object = {}, name = "s1"): Slice =>
  readSlice({
    metadata: { name, resourceVersion: "7" },
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.0.0.1", "10.0.0.9"], targetRef: { name: "pod-a" } }],
    ports: [{ name: "http", port: 8000 }],
    ...more,
  });

const urls = (slices: readonly Slice[], port?: number | string, scheme: "http" | "https" = "http") =>
  podsOf(slices, { port, scheme }).map(({ url }) => url);

test("of a pod's addresses the first counts", () => {
  expect(podsOf([slice()], { port: undefined, scheme: "http" })).toEqual([
    { url: "http://10.0.0.1:8000", at: "10.0.0.1", name: "pod-a", state: "ready" },
  ]);
});

test.each([
  [
    undefined,
    [
      { name: "http", port: 1 },
      { name: "metrics", port: 2 },
    ],
    1,
  ],
  [undefined, [{ name: "grpc", port: 3 }], 3],
  [
    undefined,
    [
      { name: "grpc", port: 3 },
      { name: "metrics", port: 2 },
    ],
    undefined,
  ],
  [
    "metrics",
    [
      { name: "http", port: 1 },
      { name: "metrics", port: 2 },
    ],
    2,
  ],
  ["metrics", [{ name: "http", port: 1 }], undefined],
  [9, [{ name: "http", port: 1 }], 9],
  [undefined, [{ name: "http" }], undefined],
  [undefined, undefined, undefined],
] as const)("with port %j of %j it is %j", (wanted, ports, port) => {
  expect(urls([slice({ ports })], wanted)).toEqual(port === undefined ? [] : [`http://10.0.0.1:${port}`]);
});

test.each(["169.254.169.254", "fe80::1%eth0", "0.0.0.0", "pod.example"])(
  "what a slice says is at %s is no pod",
  (address) => {
    const endpoints = [{ addresses: [address] }, { addresses: ["10.0.0.2"], targetRef: { name: "pod-b" } }];
    expect(urls([slice({ endpoints })])).toEqual(["http://10.0.0.2:8000"]);
  },
);

test("a pod that moves between slices is there once, and ready if it is ready in one", () => {
  const waiting = { addresses: ["10.0.0.1"], targetRef: { name: "pod-a" }, conditions: { ready: false } };
  const both = [slice({ endpoints: [waiting] }, "s0"), slice()];
  expect(podsOf(both, { port: undefined, scheme: "https" })).toMatchObject([
    { url: "https://10.0.0.1:8000", state: "ready" },
  ]);
});

test("what has no pod's name is named by its address, and long names keep their own end", () => {
  const long = `${"x".repeat(80)}-7d4b9c-abcde`;
  const endpoints = [{ addresses: ["fd00::1"] }, { addresses: ["10.0.0.2"], targetRef: { name: long } }];
  const names = podsOf([slice({ endpoints })], { port: undefined, scheme: "http" }).map(({ name }) => name);
  expect(names[0]).toBe("fd00--1");
  expect(names[1]).toMatch(/^x+-7d4b9c-abcde$/);
  expect(names[1]).toHaveLength(63);
});

test.each([
  { metadata: {} },
  { addressType: 4 },
  { endpoints: {} },
  { endpoints: [{ addresses: "10.0.0.1" }] },
  { endpoints: Array.from({ length: 1_001 }, () => ({ addresses: ["10.0.0.1"] })) },
  { ports: [{ port: 70_000 }] },
])("a slice with %j is none", (more) => {
  expect(() => slice(more)).toThrow("a slice that is none");
});
