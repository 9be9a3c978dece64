import { expect, test } from "vitest";
import { routeInWords } from "#gateway/config/route-in-words.ts";
import { parseConfig } from "#gateway/config.ts";

const wordsOf = (...more: string[]): readonly string[] => {
  const text = `models: { m: { source: x }, n: { source: x } }
providers: { a: { kind: static, urls: ["http://a"] }, b: { kind: static, urls: ["http://a"] }, c: { kind: static, urls: ["http://a"] }, d: { kind: static, urls: ["http://a"] }, e: { kind: static, urls: ["http://a"] } }
routes:
  - models: [m, n]
    failover: [[a, { provider: b, weight: 3 }], [c]]
${more.map((line) => `    ${line}\n`).join("")}`;
  return parseConfig(text, { file: "t.yaml" }).routes.flatMap(routeInWords);
};

test("a route is one line: its models, what it may pay for time, and where its images go", () => {
  expect(wordsOf("slo: 250ms", "objective: cost")).toEqual([
    "m, n: within 250 ms, for which an image may cost up to $0.002 more, and $0.00001 more for each second that it comes sooner; up to 5% sent twice; up to 10% tried again; a or b (weight 3), then c",
  ]);
});

test("canary, comparison and copies are said where there are any, and what is off is said to be", () => {
  const [words] = wordsOf(
    "hedge: off",
    "retry: { attempts: 1 }",
    "canary: { provider: d, share: 7% }",
    "agreement: {}",
    "shadow: { provider: e, share: 0.5%, usdPerHour: 0.5 }",
  );
  expect(words).toContain("within 2 s, ");
  expect(words).toContain("; nothing sent twice; nothing tried again; ");
  expect(words).toMatch(/; 7% to the canary d; 1% compared; copies of 0.5% to e for up to \$0.5\/h$/);
});

test("a model that wants something else has a line of its own", () => {
  const lines = wordsOf("overrides: { n: { slo: 150ms } }");
  expect(lines.map((line) => line.split(",")[0])).toEqual(["m: within 2 s", "n: within 150 ms"]);
});
