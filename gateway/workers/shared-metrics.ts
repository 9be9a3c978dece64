import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createMetrics, type Metrics } from "#infra/runtime/metrics.ts";
import type { FromWorker, MetricList } from "./messages.ts";

/** A worker's own metrics, which answer with the sum over all workers when they are asked for as text. */
export type SharedMetrics = {
  readonly registry: Metrics;
  /** This worker's own part. */
  readonly list: () => Promise<MetricList>;
  /** The sum has come. */
  readonly take: (text: string) => void;
};

export type SharedMetricsOptions = {
  readonly worker: number;
  readonly send: (message: FromWorker) => void;
  readonly clock: Clock;
  /** Longer than the slowest worker is waited for. */
  readonly waitMs?: number;
};

export function createSharedMetrics({
  worker,
  send,
  clock,
  waitMs = 3_000,
}: SharedMetricsOptions): SharedMetrics {
  const registry = createMetrics({ processLabels: { worker: `${worker}` } });
  let asked: PromiseWithResolvers<string> | undefined;
  const ask = async (): Promise<string> => {
    if (asked) return await asked.promise;
    const asking = Promise.withResolvers<string>();
    asked = asking;
    send({ wanted: "sum" });
    const enough = new AbortController();
    try {
      const late = clock.sleep(waitMs, { signal: enough.signal }).then(tooLate);
      return await Promise.race([asking.promise, late]);
    } catch (error) {
      asking.promise.catch(() => undefined);
      asking.reject(error);
      throw error;
    } finally {
      asked = undefined;
      enough.abort();
    }
  };
  return {
    registry: Object.assign(registry, { metrics: ask }),
    list: () => registry.getMetricsAsJSON(),
    take: (text) => asked?.resolve(text),
  };
}

/** A part in the place of the sum would look as if all the others had begun anew. */
function tooLate(): never {
  throw new TradewindError("overloaded", "the workers' metrics could not be put together in time");
}
