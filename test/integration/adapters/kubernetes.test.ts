import { expect, test, vi } from "vitest";
import {
  list,
  openCluster,
  patience,
  pod,
  put,
  soon,
  watch,
} from "#test/support/clouds/kubernetes/open-cluster.ts";
import { sliceOf } from "#test/support/clouds/kubernetes/start-cluster.ts";
import type { CloudFault } from "#test/support/clouds/world.ts";

const image = `registry/detector@sha256:${"1".repeat(64)}`;

test("the ready pods of all slices of a service are its backends, and those of others are not", async () => {
  const { cluster, found } = await openCluster();
  put(cluster, "s1", pod("a", "10.0.0.1"), pod("b", "10.0.0.2", { ready: false }));
  put(cluster, "s2", pod("c", "10.0.0.3", { ready: true, terminating: true }), pod("d", "10.0.0.4", {}));
  put(cluster, "s3", pod("e", "10.0.0.5"));
  cluster.put(sliceOf({ name: "o1", service: "other", endpoints: [pod("x", "10.0.9.9")] }));
  expect(await found()).toEqual([
    "a http://10.0.0.1:8000",
    "d http://10.0.0.4:8000",
    "e http://10.0.0.5:8000",
  ]);
  expect(cluster.calls().filter(({ action }) => action === list)).toHaveLength(2);
  expect(cluster.problems()).toEqual([]);
});

test("a pod with an address of each family is one backend, and one with the newer alone is one too", async () => {
  const { cluster, found } = await openCluster();
  const six = [pod("a", "fd00::1"), pod("b", "fd00::2"), pod("odd", "not-an-address")];
  cluster.put(sliceOf({ name: "v6", service: "detector", endpoints: six, addressType: "IPv6" }));
  put(cluster, "v4", pod("a", "10.0.0.1"));
  expect(await found()).toEqual(["a http://10.0.0.1:8000", "b http://[fd00::2]:8000"]);
});

test("what changes is heard without asking again, and who is still there keeps its client", async () => {
  const { cluster, found, provider } = await openCluster();
  put(cluster, "s1", pod("a", "10.0.0.1"));
  const [before] = await provider.discover(soon());
  await vi.waitFor(() => expect(cluster.watches()).toBe(1), patience);
  put(cluster, "s1", pod("a", "10.0.0.1"), pod("b", "10.0.0.2"));
  await vi.waitFor(async () => expect(await found()).toHaveLength(2), patience);
  expect((await provider.discover(soon()))[0]?.client).toBe(before?.client);
  cluster.remove("s1");
  await vi.waitFor(async () => expect(await found()).toEqual([]), patience);
  expect(cluster.calls().map(({ action }) => action)).toEqual([list, watch]);
});

test("a watch that its server ends goes on where it was, also after nothing but bookmarks", async () => {
  const { cluster, found, troubles } = await openCluster();
  put(cluster, "s1", pod("a", "10.0.0.1"));
  await found();
  await vi.waitFor(() => expect(cluster.watches()).toBe(1), patience);
  cluster.compact();
  cluster.bookmark();
  cluster.endWatches("clean");
  put(cluster, "s1", pod("b", "10.0.0.2"));
  await vi.waitFor(async () => expect(await found()).toEqual(["b http://10.0.0.2:8000"]), patience);
  expect(cluster.calls().map(({ action }) => action)).toEqual([list, watch, watch]);
  expect(troubles).toEqual([]);
});

test("a watch from too long ago lists anew", async () => {
  const { cluster, found, troubles } = await openCluster();
  put(cluster, "s1", pod("a", "10.0.0.1"));
  await found();
  await vi.waitFor(() => expect(cluster.watches()).toBe(1), patience);
  put(cluster, "s1", pod("b", "10.0.0.2"));
  cluster.endWatches("broken");
  cluster.fail({ action: watch, times: 1, kind: "unavailable" });
  cluster.compact();
  put(cluster, "s1", pod("c", "10.0.0.3"));
  await vi.waitFor(async () => expect(await found()).toEqual(["c http://10.0.0.3:8000"]), patience);
  expect(troubles.length).toBeGreaterThan(0);
});

test("a version that the server has forgotten is told in the watch itself", async () => {
  const { cluster, found, troubles } = await openCluster();
  put(cluster, "s1", pod("a", "10.0.0.1"));
  await found();
  await vi.waitFor(() => expect(cluster.watches()).toBe(1), patience);
  cluster.endWatches("clean");
  cluster.compact();
  put(cluster, "s1", pod("c", "10.0.0.3"));
  await vi.waitFor(async () => expect(await found()).toEqual(["c http://10.0.0.3:8000"]), patience);
  expect(`${troubles[0]}`).toContain("410: too old resource version");
});

test.each([
  ["no event", "nonsense\n"],
  ["a slice that is none", `${JSON.stringify({ type: "ADDED", object: { metadata: {} } })}\n`],
  ["an error", `${JSON.stringify({ type: "ERROR", object: { code: 500, message: "etcd is away" } })}\n`],
  ["a line without an end", "x".repeat(5 * 1_048_576)],
])("a watch that tells %s is given up, and what is there is listed", async (_, line) => {
  const { cluster, found, troubles } = await openCluster();
  put(cluster, "s1", pod("a", "10.0.0.1"));
  await found();
  await vi.waitFor(() => expect(cluster.watches()).toBe(1), patience);
  cluster.say(line);
  await vi.waitFor(() => expect(troubles).toHaveLength(1), patience);
  put(cluster, "s1", pod("b", "10.0.0.2"));
  await vi.waitFor(async () => expect(await found()).toEqual(["b http://10.0.0.2:8000"]), patience);
});

test("while the API server is away the last pods stay, and what was missed is heard afterwards", async () => {
  const { cluster, found, troubles } = await openCluster();
  put(cluster, "s1", pod("a", "10.0.0.1"));
  await found();
  await vi.waitFor(() => expect(cluster.watches()).toBe(1), patience);
  cluster.lose();
  await vi.waitFor(() => expect(troubles.length).toBeGreaterThan(0), patience);
  put(cluster, "s1", pod("b", "10.0.0.2"));
  expect(await found()).toEqual(["a http://10.0.0.1:8000"]);
  cluster.restore();
  await vi.waitFor(async () => expect(await found()).toEqual(["b http://10.0.0.2:8000"]), patience);
}, 30_000);

test.each(["throttled", "unavailable", "truncated", "conflict", { slowMs: 300 }] as CloudFault["kind"][])(
  "a first list that is %j is asked for again",
  async (kind) => {
    const { cluster, found } = await openCluster();
    put(cluster, "s1", pod("a", "10.0.0.1"));
    cluster.fail({ action: list, times: 1, kind });
    expect(await found()).toEqual(["a http://10.0.0.1:8000"]);
  },
);

test("who may not list is told which verb and resource its role lacks, and may ask again", async () => {
  const { cluster, found } = await openCluster();
  put(cluster, "s1", pod("a", "10.0.0.1"));
  cluster.fail({ action: list, times: 1, kind: "forbidden" });
  await expect(found()).rejects.toMatchObject({
    code: "provider_forbidden",
    message: expect.stringContaining(`may not ${list} in namespace vision`),
    hint: `give its Role the verb and resource: ${list}`,
  });
  expect(await found()).toEqual(["a http://10.0.0.1:8000"]);
});

test("a token that is not accepted is told as that", async () => {
  const { found } = await openCluster({ context: "nobody" });
  await expect(found()).rejects.toMatchObject({
    code: "provider_forbidden",
    hint: expect.stringContaining("the token of this process is not accepted"),
  });
});

test("a list that takes longer than its asker waits ends with its time", async () => {
  const { cluster, provider } = await openCluster();
  cluster.fail({ action: list, times: 1, kind: { slowMs: 60_000 } });
  const started = performance.now();
  await expect(provider.discover({ signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
    code: "deadline_exceeded",
  });
  expect(performance.now() - started).toBeLessThan(5_000);
});

test("a candidate is what stands behind a service of its own", async () => {
  const candidate = { revision: "candidate", candidateService: "detector-next" };
  const { cluster, found } = await openCluster(candidate);
  await cluster.stand("detector", { image, pods: 1 });
  expect(await found()).toEqual([]);
  await cluster.stand("detector-next", { image, pods: 1 });
  await vi.waitFor(async () => expect(await found()).toHaveLength(1), patience);
  expect((await found())[0]).toContain("detector-next-");
});

test("a provider that is closed watches nothing any more", async () => {
  const { cluster, provider } = await openCluster();
  put(cluster, "s1", pod("a", "10.0.0.1"));
  await provider.discover(soon());
  await vi.waitFor(() => expect(cluster.watches()).toBe(1), patience);
  await provider.close();
  await vi.waitFor(() => expect(cluster.watches()).toBe(0), patience);
});
