import { Counter, Gauge, Histogram } from "prom-client";
import { requestFinished, sideConcernSkipped, softStateTurned } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Log } from "#infra/runtime/log.ts";
import { latencyBuckets, type Metrics } from "#infra/runtime/metrics.ts";

/** What a metric tells apart: a name made of models and backends would make a series of each. */
export const concerns: ReadonlySet<string> = new Set([
  "comparing answers",
  "counting devices",
  "describing a model",
  "finding backends",
  "following the configuration",
  "freshening the repository",
  "idempotency",
  "judging rollouts",
  "letting a tenant in without a key",
  "listening to PostgreSQL",
  "reading a key or a tenant",
  "reading a secret again",
  "reading the repository",
  "refreshing an answer",
  "refreshing the keys",
  "refreshing token keys",
  "remembering proofs",
  "renewing a list",
  "renewing a token",
  "result cache",
  "settling a request",
  "sharing what is known of backends",
  "soft-state-listener",
  "sweeping old records",
  "writing the ledger",
  "writing usage",
]);

/** Turns events into metrics until disposed. */
export function measureRequests(metrics: Metrics): Disposable {
  const seconds = new Histogram({
    name: "tradewind_request_seconds",
    help: "Time from a request's headers to its answer",
    labelNames: ["route", "model", "backend", "status", "code"],
    buckets: latencyBuckets,
    registers: [metrics],
  });
  const skipped = new Counter({
    name: "tradewind_side_concerns_skipped_total",
    help: "Things beside the answer that could not be done",
    labelNames: ["what"],
    registers: [metrics],
  });
  const mode = new Gauge({
    name: "tradewind_soft_state_open",
    help: "1 while the soft state is not asked because it did not answer, 0 while it is",
    registers: [metrics],
  });
  const stack = new DisposableStack();
  stack.defer(softStateTurned.subscribe((turned) => mode.set(turned.mode === "closed" ? 0 : 1)));
  stack.defer(
    requestFinished.subscribe(({ route, model = "", backend = "", status, code = "", ms }) => {
      seconds.observe({ route, model, backend, status, code }, ms / 1000);
    }),
  );
  stack.defer(
    sideConcernSkipped.subscribe(({ what }) => skipped.inc({ what: concerns.has(what) ? what : "other" })),
  );
  return stack;
}

/** A side concern that goes on failing is told again after this long. */
const tellAgainMs = 60_000;

/** Writes a line for each request: quiet for the caller's own faults, loud for ours, with the cause that the caller did not see. */
export function logRequests(log: Log, clock: Clock): Disposable {
  const stack = new DisposableStack();
  const told = new Map<string, number>();
  let away = false;
  stack.defer(
    softStateTurned.subscribe(({ mode }) => {
      // Each try that fails opens it anew, which is no news.
      const isNews = mode === "half-open" ? false : away !== (mode === "open");
      if (!isNews) return;
      away = mode === "open";
      if (!away) log.info({ mode }, "the soft state answers: limits and answers are shared again");
      else log.warn({ mode }, "the soft state does not answer: routes do as whenRedisIsAway says");
    }),
  );
  stack.defer(
    requestFinished.subscribe((finished) => {
      // An answer without an error is a probe being told the truth, not a failure.
      const failed = finished.status >= 500 && finished.error !== undefined;
      if (!failed && !log.isLevelEnabled("debug")) return;
      const { error, ...event } = finished;
      if (failed) log.warn({ ...event, err: error }, "request failed");
      else log.debug(event, "request finished");
    }),
  );
  stack.defer(
    sideConcernSkipped.subscribe(({ what, detail, error }) => {
      const which = `${what} ${detail ?? ""}`;
      const isNews = clock.elapsed() - (told.get(which) ?? Number.NEGATIVE_INFINITY) >= tellAgainMs;
      if (!isNews) return;
      told.set(which, clock.elapsed());
      log.warn({ err: error, detail }, `skipped ${what}`);
    }),
  );
  return stack;
}
