import { Gauge } from "prom-client";
import type { Log } from "#infra/runtime/log.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import { answersCompared, driftTurned } from "../agreement/agreement-channels.ts";
import type { DriftWatch, PairReport } from "../agreement/drift-watch.ts";

/** Turns what comparisons show into metrics, until disposed. */
export function measureAgreement(metrics: Metrics, watch: Pick<DriftWatch, "report">): Disposable {
  const labelNames = ["model", "backend"];
  const agreement = new Gauge({
    name: "tradewind_answers_agreement",
    help: "How far a backend's answers agree with those of others that were asked the same, from 0 to 1",
    labelNames,
    registers: [metrics],
  });
  const drifts = new Gauge({
    name: "tradewind_backend_drifts",
    help: "1 while a backend's answers are shown to differ from those of others, 0 while they are not",
    labelNames,
    registers: [metrics],
  });
  const stack = new DisposableStack();
  stack.defer(
    answersCompared.subscribe(({ model, backend, peer, agreement: measured }) => {
      if (measured === undefined) return;
      const pairs = watch.report(model);
      for (const one of [backend, peer]) {
        const mean = meanOf(pairs, one);
        if (mean === undefined) continue;
        agreement.set({ model, backend: one }, mean);
        drifts.inc({ model, backend: one }, 0);
      }
    }),
  );
  stack.defer(
    driftTurned.subscribe(({ model, backend, state }) => {
      if (state !== "unknown") return drifts.set({ model, backend }, state === "drifts" ? 1 : 0);
      // It is gone, or another one under the same name.
      for (const gauge of [agreement, drifts]) gauge.remove({ model, backend });
    }),
  );
  return stack;
}

/** A line whenever a backend begins or ceases to answer otherwise than its peers. */
export function tellDrift(log: Log): Disposable {
  const stack = new DisposableStack();
  stack.defer(
    driftTurned.subscribe(({ model, backend, state, blamed, against }) => {
      const facts = { model, backend, blamed, against: against.slice(0, 10) };
      if (state === "drifts") log.warn(facts, "answers of a backend differ from those of its peers");
      else if (state === "agrees") log.info(facts, "answers of a backend agree with those of its peers");
    }),
  );
  return stack;
}

/** Each pair as much as it was compared. */
function meanOf(pairs: readonly PairReport[], backend: string): number | undefined {
  let [sum, samples] = [0, 0];
  for (const pair of pairs) {
    if (pair.backend !== backend && pair.peer !== backend) continue;
    sum += pair.agreement * pair.samples;
    samples += pair.samples;
  }
  return samples === 0 ? undefined : sum / samples;
}
