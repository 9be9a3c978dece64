import { expect, test } from "vitest";
import { readEnrolmentToken } from "#gateway/devices/enrolment-token.ts";

const [id, secret] = ["enr_0123456789ab", "s".repeat(32)];

test("a token is an id and a secret, and what follows is not for us", () => {
  for (const text of [`${id}.${secret}`, `${id}.${secret}.${"r".repeat(43)}`, `${id}.${secret}.`])
    expect(readEnrolmentToken(text)).toEqual({ id, secret });
});

test.each([
  "",
  id,
  `${id}.`,
  `${id}.${secret.slice(1)}`,
  `${id}.${secret}s`,
  `ENR_0123456789ab.${secret}`,
  `${id}.${secret}.a.b`,
  `${id}.${secret}.${"r".repeat(101)}`,
  ` ${id}.${secret}`,
  `${id}.${secret}\n`,
])("%j is no token", (text) => {
  expect(() => readEnrolmentToken(text)).toThrow(expect.objectContaining({ code: "enrolment_refused" }));
});
