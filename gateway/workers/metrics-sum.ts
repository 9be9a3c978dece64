import { AggregatorRegistry } from "prom-client";
import type { Clock } from "#infra/runtime/clock.ts";
import type { MetricList } from "./messages.ts";
import type { PrimaryMetrics } from "./primary-metrics.ts";
import type { WorkerPlace } from "./worker-place.ts";

export type MetricsSumOptions = {
  readonly primary: PrimaryMetrics;
  readonly clock: Clock;
  /** A worker that is busier than this is left out. */
  readonly waitMs?: number;
};

type Told = { readonly told: MetricList; readonly round: number };

/**
 * Puts the workers' metrics together. It is in one of these states:
 *
 *   RESTING  nobody asked
 *   ASKING   a round is out: every worker that serves was asked, and whoever asks meanwhile waits for the same round
 *
 * What was counted stays counted: of a worker that is late or gone the sum keeps what it told last, since a total that
 * falls looks like a restart to whoever reads it, and its return like a burst of traffic.
 */
export class MetricsSum {
  readonly #options: MetricsSumOptions;
  /** By worker, what only ever grows. */
  readonly #counted = new Map<number, MetricList>();
  /** The same of workers that are gone. */
  readonly #gone: MetricList[] = [];
  #asking: Promise<string> | undefined;
  #round = 0;
  #awaited = new Set<number>();
  #momentary: MetricList[] = [];
  #complete: () => void = () => {};

  constructor(options: MetricsSumOptions) {
    this.#options = options;
  }

  /** The sum as text. */
  ask(places: readonly Pick<WorkerPlace, "number" | "state" | "send">[]): Promise<string> {
    this.#asking ??= this.#askAll(places).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** One worker's part; what belongs to an earlier round came too late. */
  take(worker: number, { told, round }: Told): void {
    if (round !== this.#round || !this.#awaited.delete(worker)) return;
    this.#counted.set(worker, told.filter(isCounted));
    this.#momentary.push(told.filter((metric) => !isCounted(metric)));
    if (this.#awaited.size === 0) this.#complete();
  }

  /** The worker is gone, and one that counts from nothing takes its place. */
  forget(worker: number): void {
    const counted = this.#counted.get(worker);
    if (counted) this.#gone.push(counted);
    this.#counted.delete(worker);
    if (this.#awaited.delete(worker) && this.#awaited.size === 0) this.#complete();
  }

  async #askAll(places: Parameters<MetricsSum["ask"]>[0]): Promise<string> {
    const asked = places.filter(({ state }) => state === "ready");
    this.#round += 1;
    this.#momentary = [];
    this.#awaited = new Set(asked.map(({ number }) => number));
    const complete = new Promise<void>((resolve) => {
      this.#complete = resolve;
    });
    for (const place of asked) place.send({ kind: "tell", round: this.#round });
    if (asked.length > 0) await this.#soonEnough(complete);
    this.#awaited.clear();
    return await this.#text();
  }

  async #soonEnough(complete: Promise<void>): Promise<void> {
    const { clock, waitMs = 1_000 } = this.#options;
    const enough = new AbortController();
    const { signal } = enough;
    await Promise.race([complete, clock.sleep(waitMs, { signal }).catch(() => undefined)]);
    enough.abort();
  }

  async #text(): Promise<string> {
    const { primary } = this.#options;
    primary.setInSum(this.#momentary.length);
    const own = await primary.registry.getMetricsAsJSON();
    await this.#joinGone();
    return await sumOf([own, ...this.#gone, ...this.#counted.values(), ...this.#momentary]).metrics();
  }

  /** However many have gone, their sum is one list. */
  async #joinGone(): Promise<void> {
    const { length } = this.#gone;
    const joined = await sumOf(this.#gone).getMetricsAsJSON();
    this.#gone.splice(0, length, joined);
  }
}

function isCounted({ type }: MetricList[number]): boolean {
  // The library's declaration calls them numbers, but they are words.
  return growing.has(String(type));
}

const growing = new Set(["counter", "histogram", "summary"]);

function sumOf(lists: readonly MetricList[]) {
  return AggregatorRegistry.aggregate([...lists]);
}
