import { expect, test } from "vitest";
import { signCalls } from "#adapters/sign-calls.ts";
import { createCallVerifier, verifyCall } from "#infra/runtime/signed-call.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { chanceOf } from "#test/support/lanes.ts";

const call = { method: "POST", path: "/v2/models/m/infer", body: Buffer.from("image") } as const;

function openSigner(secret: () => string) {
  const clock = createFakeClock();
  const authorize = signCalls({ secret, clock, chance: chanceOf(7) });
  const headers = (): readonly string[] => {
    const given = authorize(call);
    if (given instanceof Promise) throw new Error("it was to be there at once");
    return given;
  };
  return { clock, headers };
}

test("a signed call's header is there at once, and lets the call in where the secret is known", () => {
  const secret = "the secret of both sides";
  const { clock, headers } = openSigner(() => secret);
  const verifier = createCallVerifier({ secrets: [secret], now: clock.now });
  for (let n = 0; n < 1_000; n += 1) {
    const [name, value, ...rest] = headers();
    expect([name, rest]).toEqual(["tradewind-signature", []]);
    verifyCall(call, value, verifier);
  }
});

test("of several secrets the first signs, and another text counts from the next call on", () => {
  let text = "the newest secret of all, the one before it";
  const { clock, headers } = openSigner(() => text);
  const knows = (secret: string) => () =>
    verifyCall(call, headers()[1], createCallVerifier({ secrets: [secret], now: clock.now }));
  expect(knows("the newest secret of all")).not.toThrow();
  expect(knows("the one before it")).toThrow("none of this call");
  text = "one that is newer still";
  expect(knows("one that is newer still")).not.toThrow();
});

test("what is no secret signs nothing", () => {
  expect(openSigner(() => "short").headers).toThrow("what signs calls holds no secret");
});
