import { expect, test } from "vitest";
import { looksLikeAlb, readAlbRow } from "#gateway/replay/traces/alb.ts";
import { readTrace } from "#gateway/replay/traces/read-trace.ts";

const tail =
  '"curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1';

const post = `https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 81920 57 "POST https://www.example.com:443/v1/detect HTTP/1.1" ${tail} 2018-07-02T22:22:59.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90`;

const unanswered = `h2 2018-07-02T22:23:01.000000Z app/my-loadbalancer/50dc6c495c0c9188 10.0.1.252:48160 - -1 -1 -1 503 - 34366 366 "POST https://10.0.2.105:773/ HTTP/2.0" ${tail}`;

test("a line of a load balancer tells when the request came, its size, its time and its answer", () => {
  const row = readAlbRow(post, "posts");
  expect(row).toMatchObject({
    moment: { ms: Date.UTC(2018, 6, 2, 22, 22, 59, 364) },
    beforeMs: undefined,
    bytes: 81_920,
    status: 200,
  });
  expect(row).toHaveProperty("observedMs", expect.closeTo(171, 6));
});

test("without the time of the request the durations lead back to it", () => {
  const old = post.replace(" 2018-07-02T22:22:59.364000Z", "").slice(0, post.indexOf('"authenticate') - 29);
  expect(readAlbRow(old, "posts")).toMatchObject({
    moment: { ms: Date.UTC(2018, 6, 2, 22, 23, 0, 186) },
    beforeMs: expect.closeTo(171, 6),
  });
});

test("a request that no target answered has no time of its own", () => {
  expect(readAlbRow(unanswered, "posts")).toMatchObject({
    observedMs: undefined,
    status: 503,
    bytes: 34_366,
  });
});

test("a load balancer's log is read as a trace, with what was really seen", async () => {
  const get = post.replace("POST", "GET");
  const trace = await readTrace([post, get, unanswered, "https 2018"]);
  expect(trace).toMatchObject({
    format: "alb",
    sized: 2,
    lines: {
      read: 4,
      passed: 1,
      wrong: 1,
      firstWrong: [{ line: 4, why: "is no line of a load balancer's access log" }],
    },
  });
  expect([...trace.arrivals.atMs]).toEqual([0, 1_636]);
  expect([...trace.arrivals.bytes]).toEqual([81_920, 34_366]);
  expect(trace.observedMs?.[0]).toBeCloseTo(171, 6);
  expect(trace.observedMs?.[1]).toBeNaN();
  expect([...(trace.statuses ?? [])]).toEqual([200, 503]);
});

test("all requests of a load balancer can be wanted", async () => {
  const trace = await readTrace([post, post.replace("POST", "GET")], { wanted: "all" });
  expect(trace.arrivals.count).toBe(2);
});

test("a load balancer's line with a quote inside a quote is still cut where it ends", () => {
  const nasty = post.replace("/v1/detect", '/v1/\\"de tect\\"');
  expect(readAlbRow(nasty, "posts")).toMatchObject({ moment: { ms: Date.UTC(2018, 6, 2, 22, 22, 59, 364) } });
});

test.each([
  ["is no line of a load balancer's access log", "- - -"],
  ["ends before the request", post.slice(0, post.indexOf('"POST'))],
  ["has no time of its answer", post.replace("2018-07-02", "2018-02-30")],
])("a load balancer's line is wrong that %s", (why, line) => {
  expect(readAlbRow(line, "posts")).toEqual({ wrong: why });
});

test("a line with an open quote or a million spaces is read in one go", () => {
  const long = `${post.slice(0, post.indexOf('"POST'))}"POST ${" ".repeat(60_000)}\\`;
  expect(readAlbRow(long, "posts")).toHaveProperty("bytes", 81_920);
  expect(looksLikeAlb(`https${" ".repeat(60_000)}`)).toBe(false);
});
