import { expect, test } from "vitest";
import { problemOf } from "#inference/image-api/problem-details.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const about = { requestId: "r", path: "/v1/models/digits-s/detect" };

test("an error's own headers are in its answer, beside those that every answer has", () => {
  const headers = { ratelimit: '"key";r=0;t=1', "content-type": "text/html" };
  const error = new TradewindError("rate_limited", "the limit is reached", { retryAfterMs: 400, headers });
  for (const path of [about.path, "/v2/models/digits-s/infer"]) {
    const problem = problemOf(error, { ...about, path });
    expect(problem.headers).toMatchObject({ ratelimit: '"key";r=0;t=1', "retry-after": "1" });
    expect(problem.headers["content-type"]).toMatch(/^application\/(problem\+)?json$/);
  }
});
