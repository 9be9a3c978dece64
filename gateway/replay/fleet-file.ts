import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { termsOf } from "#adapters/registry.ts";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";
import { parseYaml } from "#infra/runtime/config/parse-yaml.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { recordOf } from "../config/lenient.ts";
import { configShape, namesMeet, type RouteSettings } from "../config.ts";
import { routeTerms } from "../fleet/route-terms.ts";
import { serviceOf } from "./simulation/as-declared.ts";
import {
  type FaultSettings,
  type SimulationSettings,
  simulation,
  usualService,
} from "./simulation/fleet-settings.ts";
import { readMeasured } from "./simulation/measured.ts";
import { namesOf, problemsOf } from "./simulation/names-in-fleet.ts";
import type { Fault, FleetBackend, MeasuredLevel, SimulatedFleet } from "./simulation/simulated-fleet.ts";

/** Where measured times are found by their name. */
export type Measured = ReadonlyMap<string, readonly MeasuredLevel[]>;

export type ReadFleetOptions = {
  /** How messages name the text. */
  readonly file: string;
  /** Whose route is replayed; the first route's first model, unless it is said. */
  readonly model?: string;
  readonly measured?: Measured;
};

/** A configuration with a `simulation` section, or any configuration: what isn't said follows from what is declared. */
export function readFleet(
  text: string,
  { file, model, measured = new Map() }: ReadFleetOptions,
): SimulatedFleet {
  const settings = parseYaml(text, schemaWith(measured), { file });
  const route = findRoute(settings.routes, { file, model });
  const found = model ?? route.models[0] ?? "";
  const backends = backendsOf(settings, route, measured);
  const lanes = new Set(backends.map(({ name }) => name));
  const faults = settings.simulation.faults
    .flatMap((fault) => faultsOf(fault, settings.providers))
    .filter(({ backend }) => lanes.has(backend));
  return { model: found, route: routeTerms(route, found), backends, faults };
}

/** The same from a file, with what was measured from the folder `measured` beside it. */
export async function loadFleet(
  file: string,
  { model }: Pick<ReadFleetOptions, "model"> = {},
): Promise<SimulatedFleet> {
  const text = await readText(file);
  const measured = await loadMeasured(text, join(dirname(file), "measured"));
  return readFleet(text, { file, measured, ...(model !== undefined && { model }) });
}

function schemaWith(measured: Measured) {
  const schema = z.strictObject({ ...configShape, simulation: simulation.prefault({}) });
  return namesMeet(schema).superRefine((given: unknown, context) => {
    for (const { path, message } of problemsOf(recordOf(given), measured))
      context.addIssue({ code: "custom", path: ["simulation", ...path], message });
  }, besideOthers);
}

function findRoute(
  routes: readonly RouteSettings[],
  { file, model }: Pick<ReadFleetOptions, "file"> & { readonly model: string | undefined },
): RouteSettings {
  const found = model === undefined ? routes[0] : routes.find(({ models }) => models.includes(model));
  if (found) return found;
  const hint = `models with a route: ${routes
    .flatMap(({ models }) => models)
    .slice(0, 10)
    .join(", ")}`;
  throw new TradewindError("config_invalid", `${file} has no route for model ${model}`, { hint });
}

type Providers = z.output<typeof configShape.providers>;

type Settings = { readonly providers: Providers; readonly simulation: SimulationSettings };

function backendsOf(
  settings: Settings,
  { failover, canary }: RouteSettings,
  measured: Measured,
): FleetBackend[] {
  const groups = failover.flatMap((members, group) => {
    const isWeighted = members.some(({ weight }) => weight !== members[0]?.weight);
    return members.flatMap(({ provider, weight }) =>
      lanesOf(provider, settings, measured).map((lane) => ({
        ...lane,
        group,
        ...(isWeighted && { weight }),
      })),
    );
  });
  // A canary that stands in no group comes behind them, so that only its share leads to it.
  const group = failover.length;
  const tried = canary ? lanesOf(canary.provider, settings, measured) : [];
  return [...groups, ...tried.map((lane) => ({ ...lane, group, canary: canary?.share ?? 0 }))];
}

function lanesOf(
  provider: string,
  { providers, simulation }: Settings,
  measured: Measured,
): Pick<FleetBackend, "name" | "terms" | "service">[] {
  const declared = providers[provider];
  if (!declared) return [];
  const terms = termsOf(declared);
  const service = serviceOf(simulation.providers[provider] ?? usualService, terms, measured);
  return namesOf(provider, declared).map((name) => ({ name, terms, service }));
}

/** A fault of a provider is one of all its backends. */
function faultsOf({ backend, from = 0, to, ...trouble }: FaultSettings, providers: Providers): Fault[] {
  const names = Object.hasOwn(providers, backend) ? namesOf(backend, providers[backend]) : [backend];
  const span = { fromMs: from, toMs: to };
  return names.map((name): Fault => {
    if (trouble.kind !== "full") return { backend: name, ...span, ...trouble };
    return { backend: name, ...span, kind: "full", retryAfterMs: trouble.retryAfter };
  });
}

/** What is named anywhere in the text, whether it is a fleet file or not: that is told later, with its place. */
async function loadMeasured(text: string, folder: string): Promise<Measured> {
  const names = [...text.matchAll(/\bmeasured:\s*["']?([a-z0-9][a-z0-9-]{0,63})/g)].map(
    ([, name = ""]) => name,
  );
  const found = await Promise.all(
    [...new Set(names)].slice(0, mostMeasured).map(async (name) => {
      const levels = readMeasured(await readFile(join(folder, `${name}.json`), "utf8").catch(() => ""));
      return levels ? [[name, levels] as const] : [];
    }),
  );
  return new Map(found.flat());
}

const mostMeasured = 100;

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new TradewindError("config_invalid", `cannot read ${file}`, { cause });
  }
}
