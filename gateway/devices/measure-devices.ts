import { Counter } from "prom-client";
import { asTradewindError, type ErrorCode } from "#infra/runtime/errors.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";

/** Counts how devices were received; no series has a device's name. */
export type DeviceTelemetry = {
  readonly proof: Count;
  readonly enrolment: Count;
};

type Count = <Result>(work: () => Promise<Result>) => Promise<Result>;

export function measureDevices(metrics: Metrics): DeviceTelemetry {
  const proofs = new Counter({
    name: "tradewind_device_proofs_total",
    help: "Calls of devices, by what became of their proofs",
    labelNames: ["outcome"],
    registers: [metrics],
  });
  const enrolments = new Counter({
    name: "tradewind_device_enrolments_total",
    help: "Enrolments of devices, by what became of them",
    labelNames: ["outcome"],
    registers: [metrics],
  });
  return { proof: counting(proofs), enrolment: counting(enrolments) };
}

function counting(counter: Counter<"outcome">): Count {
  return async (work) => {
    try {
      const result = await work();
      counter.inc({ outcome: "taken" });
      return result;
    } catch (error) {
      counter.inc({ outcome: outcomes[asTradewindError(error).code] ?? "failed" });
      throw error;
    }
  };
}

const outcomes: Partial<Record<ErrorCode, string>> = {
  proof_refused: "refused",
  enrolment_refused: "refused",
  proof_stale: "stale",
  device_revoked: "revoked",
};
