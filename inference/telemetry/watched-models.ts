import { Counter, Gauge } from "prom-client";
import type { Precision, Task } from "#inference/contract.ts";
import type { ModelKey } from "#inference/statistics.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";

/** A model as metrics show it; what may change while it is served is read anew each time. */
export type WatchedModel = ModelKey & {
  readonly task: Task | undefined;
  readonly precision: Precision | undefined;
  readonly executionProvider: string;
  /** Its items are images, so that each is told apart by the parts of its time. */
  readonly takesImages: boolean;
  /** Requests that wait. */
  readonly pending: () => number;
};

export type WatchedModels = {
  readonly register: (model: WatchedModel) => Disposable;
  readonly knows: (model: string) => boolean;
  readonly pendingOf: (key: ModelKey) => number;
  readonly replaced: (key: ModelKey, why: "died" | "recycled") => void;
};

/** Which models are served and by what, and what became of their workers. */
export function exposeModels(metrics: Metrics): WatchedModels {
  const entries = new Map<string, Entry>();
  exposeInfo(metrics, entries);
  exposeReplaced(metrics, entries);
  return {
    register: (model) => register(entries, model),
    knows: (model) => [...entries.values()].some((entry) => entry.model === model),
    pendingOf: (key) => entries.get(keyText(key))?.holders.at(-1)?.pending() ?? 0,
    replaced: (key, why) => {
      const entry = entries.get(keyText(key));
      if (entry) entry[why] += 1;
    },
  };
}

/** While a model is replaced by itself there are two holders for a moment; the later one speaks. */
type Entry = ModelKey & { readonly holders: WatchedModel[]; died: number; recycled: number };

function register(entries: Map<string, Entry>, watched: WatchedModel): Disposable {
  const { model, version } = watched;
  const key = keyText(watched);
  const entry = entries.get(key) ?? { model, version, holders: [], died: 0, recycled: 0 };
  entries.set(key, entry);
  entry.holders.push(watched);
  const release = (): void => {
    const place = entry.holders.indexOf(watched);
    if (place >= 0) entry.holders.splice(place, 1);
    if (entry.holders.length === 0) entries.delete(key);
  };
  return { [Symbol.dispose]: release };
}

function exposeInfo(metrics: Metrics, entries: ReadonlyMap<string, Entry>): void {
  new Gauge({
    name: "tradewind_backend_model_info",
    help: "Always 1; its labels say which models are served, and what computes them",
    labelNames: ["model", "version", "task", "precision", "execution_provider"],
    registers: [metrics],
    collect() {
      this.reset();
      for (const { holders } of entries.values()) {
        const watched = holders.at(-1);
        if (watched) this.set(infoLabels(watched), 1);
      }
    },
  });
}

function infoLabels({ model, version, task, precision, executionProvider }: WatchedModel) {
  return {
    model,
    version,
    task: task ?? "",
    precision: precision ?? "",
    execution_provider: executionProvider,
  };
}

function exposeReplaced(metrics: Metrics, entries: ReadonlyMap<string, Entry>): void {
  new Counter({
    name: "tradewind_backend_workers_replaced_total",
    help: "Workers of a model that died, or were replaced because the process had grown",
    labelNames: ["model", "version", "why"],
    registers: [metrics],
    collect() {
      this.reset();
      for (const { model, version, died, recycled } of entries.values()) {
        this.inc({ model, version, why: "died" }, died);
        this.inc({ model, version, why: "recycled" }, recycled);
      }
    },
  });
}

function keyText({ model, version }: ModelKey): string {
  return `${model}\n${version}`;
}
