import { loadFleet } from "#gateway/replay/fleet-file.ts";
import { lowerBound } from "#gateway/replay/lower-bound.ts";
import { policies } from "#gateway/replay/policies/policies.ts";
import { type ReplayedTrace, type ReplayReport, resultOf } from "#gateway/replay/report.ts";
import { simulate } from "#gateway/replay/simulate.ts";
import type { Fault, SimulatedFleet } from "#gateway/replay/simulation/simulated-fleet.ts";
import { meanRps } from "#gateway/replay/traces/arrivals.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { hashFile } from "./hash-file.ts";
import { type LoadedArrivals, loadArrivals } from "./load-arrivals.ts";
import type { ReplayRequest } from "./read-request.ts";
import { changeRoute } from "./settings.ts";

/** Reads what is asked for and lets every policy have its turn at it. */
export async function runReplay(request: ReplayRequest): Promise<ReplayReport> {
  const { model, seed, gateways } = request;
  const declared = await loadFleet(request.fleet, model === undefined ? {} : { model });
  const route = changeRoute(declared.route, request);
  const faults = [...declared.faults, ...request.faults.flatMap((fault) => faultsOf(fault, declared))];
  const fleet: SimulatedFleet = { ...declared, route, faults };
  const loaded = await loadArrivals(request, { model: fleet.model, sloMs: route.sloMs });
  const { arrivals, spanMs, observed } = loaded;
  const warmUp = warmUpOf(request, loaded);
  const asked = { arrivals, fleet, warmUpMs: warmUp.ms, spanMs };
  const bound = lowerBound(asked);
  const results = request.policies.map((name) =>
    resultOf(name, simulate({ ...asked, policy: policyOf(name), seed, gateways }), bound),
  );
  return {
    trace: await traceOf(request, loaded),
    fleet: {
      file: request.fleet,
      sha256: await hashFile(request.fleet),
      model: fleet.model,
      backends: fleet.backends.map(({ name }) => name),
      faults,
    },
    ...{ route, seed, gateways, warmUpMs: warmUp.ms },
    assumed: [...loaded.assumed, ...warmUp.assumed],
    lowerBound: bound,
    ...(observed && { observed }),
    results,
  };
}

/** A provider's name stands for all of its backends. */
function faultsOf(fault: Fault, { backends }: SimulatedFleet): Fault[] {
  const { backend } = fault;
  const names = backends
    .map(({ name }) => name)
    .filter((name) => name === backend || name.startsWith(`${backend}/`));
  if (names.length > 0) return names.map((name) => ({ ...fault, backend: name }));
  const hint = `backends of the route are ${backends
    .slice(0, 20)
    .map(({ name }) => name)
    .join(", ")}`;
  throw new TradewindError("parameter_invalid", `--fault: there is no backend "${backend.slice(0, 60)}"`, {
    hint,
  });
}

/** Everybody learns first where a trace is only a load; of a log every request counts. */
const usualWarmUpMs = 300_000;

function warmUpOf({ warmUpMs }: ReplayRequest, { trace, spanMs }: LoadedArrivals) {
  if (warmUpMs !== undefined) {
    if (warmUpMs < spanMs) return { ms: warmUpMs, assumed: [] };
    throw new TradewindError("parameter_invalid", "--warm-up: it lasts as long as what is replayed", {
      hint: `what is replayed lasts ${Math.ceil(spanMs / 1000)} s`,
    });
  }
  if (trace.format !== "azure-llm" && trace.format !== "servegen") return { ms: 0, assumed: [] };
  const ms = Math.round(Math.min(usualWarmUpMs, spanMs / 10));
  return { ms, assumed: [`a warm-up of ${Math.round(ms / 1000)} s`] };
}

function policyOf(name: string) {
  const policy = policies[name];
  if (!policy) throw new RangeError(`nobody asked whether there is a policy ${name}`);
  return policy;
}

async function traceOf(
  { trace: file }: ReplayRequest,
  { trace: { format, lines, cut }, arrivals, spanMs }: LoadedArrivals,
): Promise<ReplayedTrace> {
  const sha256 = await hashFile(file);
  const rps = meanRps(arrivals, spanMs);
  return { file, sha256, format, requests: arrivals.count, spanMs, rps, lines, cut };
}
