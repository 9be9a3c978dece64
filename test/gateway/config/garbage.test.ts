import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { routeInWords } from "#gateway/config/route-in-words.ts";
import { configWarnings } from "#gateway/config/warnings.ts";
import { Config, parseConfig } from "#gateway/config.ts";
import { routeTerms } from "#gateway/fleet/route-terms.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Random, seededRandom } from "#test/support/random.ts";
import { root } from "#test/support/source-files.ts";

const whole: unknown = parse(readFileSync(resolve(root, "gateway/examples/tuned.yaml"), "utf8"));

const garbage: readonly unknown[] = [
  null,
  0,
  -1,
  1e300,
  true,
  "",
  "off",
  "5%",
  "10s",
  "constructor",
  "rack",
  "gcp/cloud-run/cpu-1x2/request",
  [],
  [[]],
  {},
  { provider: "rack" },
  { kind: "static" },
  "x".repeat(1_000),
];

/** A copy of the whole example in which some things are others, are gone, or are there twice. */
function broken(random: Random): unknown {
  const rate = random.between(0, 0.3) ** 3;
  const copy = (value: unknown): unknown => {
    if (random.chance(rate)) return garbage[random.integer(0, garbage.length - 1)];
    if (Array.isArray(value))
      return value.flatMap((item) => (random.chance(rate) ? [copy(item), copy(item)] : [copy(item)]));
    if (typeof value !== "object" || value === null) return value;
    const kept = Object.entries(value).filter(() => !random.chance(rate));
    return Object.fromEntries(
      kept.map(([key, inner]) => [random.chance(rate) ? "colour" : key, copy(inner)]),
    );
  };
  return copy(whole);
}

test("whatever stands in a configuration, it is read or refused with its problems, and what is read makes sense", () => {
  let taken = 0;
  for (let seed = 0; seed < 300; seed += 1) {
    const read = Config.safeParse(broken(seededRandom(seed)));
    if (!read.success) {
      expect(read.error.issues.length).toBeGreaterThan(0);
      continue;
    }
    taken += 1;
    configWarnings(read.data, 0);
    for (const route of read.data.routes) {
      expect(routeInWords(route).length).toBeGreaterThan(0);
      for (const model of route.models) {
        const { sloMs, hedge, retry, eject } = routeTerms(route, model);
        for (const amount of [sloMs, hedge?.share ?? 0, retry.share, eject.mostMs - eject.baseMs])
          expect(amount).toBeGreaterThanOrEqual(0);
      }
    }
  }
  expect(taken).toBeGreaterThan(20);
  expect(taken).toBeLessThan(200);
});

test("what is refused names a line and a column for every problem", () => {
  for (let seed = 0; seed < 60; seed += 1) {
    try {
      parseConfig(stringify(broken(seededRandom(seed)), { aliasDuplicateObjects: false }), {
        file: "t.yaml",
      });
    } catch (error) {
      if (!(error instanceof TradewindError)) throw error;
      const [first, ...problems] = error.message.split("\n");
      expect(first).toMatch(/^t\.yaml has \d+ problems?:$/);
      for (const problem of problems)
        expect(problem).toMatch(/^ {2}(t\.yaml:\d+:\d+ {2}|\.\.\. and \d+ more$)/);
    }
  }
});
