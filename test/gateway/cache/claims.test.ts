import { expect, test } from "vitest";
import { createClaims } from "#gateway/cache/claims.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

test("a claim holds until it is ended once, or until it lapses", () => {
  const clock = createFakeClock();
  const claims = createClaims({ clock, claimMs: 100 });
  claims.take("a");
  claims.take("b");
  expect([claims.has("a"), claims.end("a"), claims.end("a"), claims.has("a")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  clock.advance(99);
  expect(claims.has("b")).toBe(true);
  clock.advance(1);
  expect([claims.has("b"), claims.end("b")]).toEqual([false, false]);
});

test("a claim that is taken again holds anew", () => {
  const clock = createFakeClock();
  const claims = createClaims({ clock, claimMs: 100 });
  claims.take("a");
  clock.advance(60);
  claims.take("a");
  clock.advance(60);
  expect(claims.has("a")).toBe(true);
});

test("claims that nobody ends are bounded, and lapsed ones make room", () => {
  const clock = createFakeClock();
  const claims = createClaims({ clock, claimMs: 100, most: 2 });
  for (const name of ["a", "b", "c"]) claims.take(name);
  expect(["a", "b", "c"].filter(claims.has)).toEqual(["a", "b"]);
  clock.advance(100);
  claims.take("c");
  expect(["a", "b", "c"].filter(claims.has)).toEqual(["c"]);
});
