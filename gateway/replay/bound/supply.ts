import type { Fault, FleetBackend } from "../simulation/simulated-fleet.ts";
import type { Demand, Grid } from "./demand.ts";
import { paceOf } from "./pace.ts";

/** What one backend can do at most in each bucket, and what it costs at least. */
export type Supply = {
  readonly name: string;
  /** Answers in time by one instance. */
  readonly room: Float64Array;
  readonly instances: number;
  /** Of one answer: what is paid for it and for the time that it takes, and what a byte on its way costs. */
  readonly usdEach: Float64Array;
  readonly usdPerByte: number;
  /** Only of those that are paid for while they stand. */
  readonly life: Life | undefined;
};

/** What an instance costs by standing. */
export type Life = {
  readonly standsUsd: Float64Array;
  readonly startUsd: Float64Array;
  /** What it still costs when it is used no more. */
  readonly endUsd: Float64Array;
  /** Whether it may stand already when counting begins. */
  readonly isThere: boolean;
};

export type SupplyOptions = {
  readonly grid: Grid;
  readonly demand: Demand;
  readonly faults: readonly Fault[];
  readonly gateways: number;
};

/**
 * Everything is at its best for whoever chooses: batches are full, nobody is aborted or asked twice for nothing, queues
 * and budgets are no bound, a fault begins to be felt a deadline late, and a new instance is there when it is wanted.
 */
export function supplyOf(backend: FleetBackend, options: SupplyOptions): Supply {
  const { grid, demand } = options;
  const { terms, service, name } = backend;
  // However many wait at the gateways, no more go together than all of them may have there.
  const perInstance = Math.min(service.perInstance, terms.mostInFlight * options.gateways);
  const { msEach, leastMs } = paceOf({ ...service, perInstance }, leastOf(demand.bytes, demand.count));
  const faults = options.faults.filter(({ backend: of }) => of === name);
  const price = perBucket(grid, (fromMs, toMs) => leastPrice(faults, fromMs, toMs));
  const room = perBucket(grid, (fromMs, toMs) => {
    const extended = grid.borrows ? toMs : toMs + grid.sloMs;
    return workMs(faults, { fromMs, toMs: extended, sloMs: grid.sloMs, leastMs }) / msEach;
  });
  const isLong = terms.coldMs + terms.idleMs >= 2 * grid.widthMs;
  const stands = terms.billing === "instance" && isLong;
  const paidMs = terms.billing === "provisioned" || stands ? 0 : msEach;
  const usdEach = price.map(
    (factor) => factor * (terms.usdPerRequest + (terms.usdPerSecond * paidMs) / 1_000),
  );
  const instances = terms.billing === "provisioned" ? service.instances : service.mostInstances;
  const isThere = terms.billing === "provisioned" || grid.fromMs > 0;
  if (!isThere) closeUntilStarted(room, backend, options);
  const life = stands ? lifeOf(backend, { grid, price, faults }) : undefined;
  return { name, room, instances, usdEach, usdPerByte: terms.egressUsdPerGb * 1e-9, life };
}

/** What is paid whatever happens. */
export function fixedUsd(
  { terms, service, name }: FleetBackend,
  faults: readonly Fault[],
  span: Span,
): number {
  if (terms.billing !== "provisioned") return 0;
  const prices = faults.filter((fault) => fault.backend === name && fault.kind === "price");
  const edges = [span.fromMs, span.toMs, ...prices.flatMap(({ fromMs, toMs }) => [fromMs, toMs])]
    .filter((at) => at >= span.fromMs && at <= span.toMs)
    .sort((one, other) => one - other);
  let usd = 0;
  for (const [place, at] of edges.entries()) {
    const next = edges[place + 1] ?? at;
    usd += ((next - at) / 1_000) * terms.usdPerSecond * service.instances * leastPrice(prices, at, next);
  }
  return usd;
}

export type Span = { readonly fromMs: number; readonly toMs: number };

function leastOf(bytes: Float64Array, count: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (let bucket = 0; bucket < bytes.length; bucket += 1)
    if ((count[bucket] ?? 0) > 0) least = Math.min(least, bytes[bucket] ?? 0);
  return least === Number.POSITIVE_INFINITY ? 0 : least;
}

function perBucket(grid: Grid, value: (fromMs: number, toMs: number) => number): Float64Array {
  return new Float64Array(grid.count).map((_, bucket) => {
    const fromMs = grid.fromMs + bucket * grid.widthMs;
    return value(fromMs, fromMs + grid.widthMs);
  });
}

type WorkSpan = Span & { readonly sloMs: number; readonly leastMs: number };

/** Milliseconds of full work between two moments; cut where a fault begins or ends. */
function workMs(faults: readonly Fault[], { fromMs, toMs, sloMs, leastMs }: WorkSpan): number {
  if (leastMs > sloMs) return 0;
  const felt = faults.filter((fault) => fault.fromMs + sloMs < toMs && fault.toMs > fromMs);
  if (felt.length === 0) return toMs - fromMs;
  const edges = [fromMs, toMs, ...felt.flatMap((fault) => [fault.fromMs + sloMs, fault.toMs])]
    .filter((at) => at >= fromMs && at <= toMs)
    .sort((one, other) => one - other);
  let work = 0;
  for (const [place, at] of edges.entries()) {
    const next = edges[place + 1] ?? at;
    const here = felt.filter((fault) => fault.fromMs + sloMs <= at && fault.toMs >= next);
    if (next > at) work += (next - at) * speedOf(here, { sloMs, leastMs });
  }
  return work;
}

function speedOf(faults: readonly Fault[], { sloMs, leastMs }: Omit<WorkSpan, "fromMs" | "toMs">): number {
  let [factor, extraMs] = [1, 0];
  for (const fault of faults) {
    if (fault.kind === "down" || fault.kind === "hang" || fault.kind === "full") return 0;
    if (fault.kind === "slow") factor *= fault.factor;
    if (fault.kind === "latency") extraMs += fault.ms;
  }
  return leastMs + extraMs > sloMs ? 0 : 1 / factor;
}

function leastPrice(faults: readonly Fault[], fromMs: number, toMs: number): number {
  const prices = faults.flatMap((fault) => (fault.kind === "price" ? [fault] : []));
  const touching = prices.filter((fault) => fault.fromMs < toMs && fault.toMs > fromMs);
  const whole = (fault: Fault) => fault.fromMs <= fromMs && fault.toMs >= toMs;
  let factor = 1;
  for (const fault of touching) if (fault.factor < 1 || whole(fault)) factor *= fault.factor;
  return factor;
}

/** Nobody starts anything before the first request comes. */
function closeUntilStarted(
  room: Float64Array,
  { terms, service }: FleetBackend,
  { grid, demand }: SupplyOptions,
) {
  const first = demand.count.findIndex((count) => count > 0);
  const readyMs = first * grid.widthMs + terms.coldMs * Math.exp(-4 * service.coldNoise);
  const borrowed = grid.borrows ? 0 : grid.sloMs;
  room.fill(0, 0, Math.max(0, Math.floor((readyMs - borrowed) / grid.widthMs)));
}

type LifeOptions = {
  readonly grid: Grid;
  readonly price: Float64Array;
  readonly faults: readonly Fault[];
};

/** An instance may open late in its first bucket and be used early in its last: two buckets are not counted. */
function lifeOf({ terms }: FleetBackend, { grid, price, faults }: LifeOptions): Life {
  const { usdPerSecond, idleMs, coldMs } = terms;
  const { widthMs, fromMs } = grid;
  const perMs = usdPerSecond / 1_000;
  const tailMs = Math.max(0, idleMs - 2 * widthMs);
  const startMs = Math.max(0, coldMs - Math.max(0, 2 * widthMs - idleMs));
  const cheapest = price.reduce((least, one) => Math.min(least, one), 1);
  const downs = faults.filter(({ kind }) => kind === "down").map((fault) => fault.fromMs - fromMs);
  return {
    standsUsd: price.map((factor) => factor * perMs * widthMs),
    startUsd: price.map(() => cheapest * perMs * startMs),
    endUsd: price.map((_, bucket) => {
      const at = bucket * widthMs;
      // Who is lost with its whole service is paid for no longer.
      const lost = downs.filter((down) => down >= at - 2 * widthMs).map((down) => Math.max(0, down - at));
      return cheapest * perMs * Math.min(tailMs, ...lost);
    }),
    isThere: fromMs > 0,
  };
}
