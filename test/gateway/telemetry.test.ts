import { expect, test } from "vitest";
import { logRequests } from "#gateway/telemetry.ts";
import { requestFinished, sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createLog } from "#infra/runtime/log.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const event = {
  requestId: "r",
  route: "GET /readyz",
  model: undefined,
  keyId: undefined,
  backend: undefined,
  status: 503,
  code: undefined,
  ms: 1,
  error: undefined,
};

test("a side concern that goes on failing is told once a minute, each by its name", () => {
  const clock = createFakeClock();
  const lines: string[] = [];
  using _ = logRequests(
    createLog({ name: "x", destination: { write: (line) => void lines.push(line) } }),
    clock,
  );
  const skip = (what: string) => sideConcernSkipped.publish({ what, error: new Error("away") });
  for (const what of ["refreshing the keys", "refreshing the keys", "asking b"]) skip(what);
  clock.advance(60_000);
  skip("refreshing the keys");
  const said = lines.map((line) => JSON.parse(line).msg);
  expect(said).toEqual(["skipped refreshing the keys", "skipped asking b", "skipped refreshing the keys"]);
});

test("a probe that is told the truth is no failed request", () => {
  const lines: string[] = [];
  using _ = logRequests(
    createLog({ name: "x", destination: { write: (line) => void lines.push(line) } }),
    createFakeClock(),
  );
  requestFinished.publish(event);
  requestFinished.publish({ ...event, requestId: "s", error: new Error("boom") });
  expect(lines.map((line) => JSON.parse(line).requestId)).toEqual(["s"]);
});
