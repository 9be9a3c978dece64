import { createHash } from "node:crypto";
import type { Context } from "hono";
import { withIdempotency } from "../admission/idempotency.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import { admitQuestion } from "./admit-question.ts";
import { answerPassed } from "./answers.ts";
import type { OpenInferenceDeps } from "./deps.ts";
import type { Target } from "./find-target.ts";
import { headersForBackend, headersForCaller } from "./pass-headers.ts";
import type { Passed } from "./pass-on.ts";

export type Once = {
  /** The `Idempotency-Key` that came with it. */
  readonly key: string;
  readonly target: Target;
  /** With its query. */
  readonly path: string;
  readonly body: Buffer;
};

/** The same key with the same request gets the first one's answer; only successes are kept. */
export async function inferOnce(
  c: Context<GatewayEnv>,
  once: Once,
  { admission, softState, chance }: OpenInferenceDeps,
  work: () => Promise<Passed>,
): Promise<Response> {
  const caller = c.get("caller");
  let passed: Passed | undefined;
  const asked = {
    caller,
    given: once.key,
    fingerprint: () => fingerprintOf(once, c.req.header()),
    token: Buffer.from(chance.bytes(12)).toString("base64url"),
    softState,
    admitReplay: async () => {
      using admitted = await admitQuestion(caller, once.target.route, admission);
      return admitted.headers;
    },
  };
  const reply = await withIdempotency(asked, async () => {
    passed = await work();
    return kept(passed);
  });
  if (passed) return answerPassed(c, passed);
  return c.body(new Uint8Array(Buffer.from(reply.body, "base64")), 200, { ...reply.headers });
}

/** As much as is kept of any answer, before it is written in base64. */
const mostKept = 393_216;

function kept({ headers, body }: Passed) {
  const keep = body.byteLength <= mostKept;
  const text = keep ? body.toString("base64") : "";
  return { reply: { status: 200, headers: headersForCaller(headers), body: text }, keep };
}

/** All that tells a backend what to answer, and nothing that changes from one sending to the next. */
function fingerprintOf({ path, body }: Once, given: Readonly<Record<string, string>>): string {
  const digest = createHash("sha256").update(body).digest("base64url");
  const asked = [path, Object.entries(headersForBackend(given)).sort(), digest];
  return createHash("sha256").update(JSON.stringify(asked)).digest("base64url");
}
