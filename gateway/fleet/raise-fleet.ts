import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { type Config, parseConfig } from "../config.ts";
import { createKnownBackends, type KnownBackends } from "../dispatch/known-backends.ts";
import { digestOf } from "../records/configurations.ts";
import { publishedAs } from "./begin-configuration.ts";
import { type Directory, openDirectory } from "./directory.ts";
import type { Finder, Finding, Found } from "./find-backends.ts";
import { knownBefore } from "./inherit-directory.ts";
import { canonical, type HeldProviders, type ProviderShelf } from "./keep-providers.ts";
import { type Backend, nameBackends } from "./name-backends.ts";
import { refusalsOf } from "./refusals.ts";
import { buildFleet, type Fleet } from "./snapshot.ts";
import { tellReady } from "./tell-ready.ts";

/** A configuration that is served, with everything that was made of it; never changed, only replaced whole. */
export type Served = {
  readonly config: Config;
  readonly fleet: Fleet;
  readonly directory: Directory;
  /** In the records; 0 for one that is in none. */
  readonly version: number;
  readonly sha256: string;
  /** When it began to be served, in milliseconds since 1970. */
  readonly since: number;
  /** The chapters in which it differs from what this process began with, and which a running one cannot change. */
  readonly waitsForRestart: readonly string[];
};

/** What is to be served, as text: its version where it was published. */
export type Change = { readonly text: string; readonly version?: number };

/** With what it holds open, and what it is made of that does not show in it. */
export type Raised = Served & {
  readonly held: HeldProviders;
  /** Of all backends that were found, those too that are refused at the moment. */
  readonly names: ReadonlySet<string>;
  /** When a provider that is refused comes back, in milliseconds since 1970. */
  readonly refusedUntil: number | undefined;
};

export type Raising = {
  /** As messages name a text that is in no records. */
  readonly file: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly known: KnownBackends;
  readonly now: () => number;
  readonly shelf: ProviderShelf;
  readonly finder: Pick<Finder, "find" | "recall">;
  readonly closing: AbortSignal;
  readonly starting?: AbortSignal;
  readonly last?: Raised;
  /** What the process began with. */
  readonly begun?: Config;
};

/** From a text to all that is made of it, or nothing at all. */
export async function raiseFleet(change: Change, raising: Raising): Promise<Raised> {
  const { clock, shelf, finder, begun } = raising;
  const file = change.version ? publishedAs(change.version) : raising.file;
  const config = parseConfig(change.text, { file });
  const facts = {
    config,
    version: change.version ?? 0,
    sha256: digestOf(change.text),
    waitsForRestart: begun ? differences(config, begun) : [],
  };
  const held = await shelf.take(config.providers);
  try {
    const finding = await finder.find(held.providers, patience(raising));
    return await layFleet({ ...facts, since: clock.now(), held }, finding, raising);
  } catch (error) {
    await held.give();
    throw error;
  }
}

/** The same configuration over the backends that are known by now. */
export async function relayFleet(last: Raised, raising: Raising): Promise<Raised> {
  const { shelf, finder } = raising;
  const held = await shelf.take(last.config.providers);
  try {
    const found = finder.recall(held.providers);
    return await layFleet({ ...last, held }, { found, failures: [] }, { ...raising, last }, "strangers");
  } catch (error) {
    await held.give();
    throw error;
  }
}

/** As far as it goes without asking a backend, and closes what it opened. */
export async function checkOnly(text: string, raising: Raising): Promise<Config> {
  const config = parseConfig(text, { file: raising.file });
  const held = await raising.shelf.take(config.providers);
  try {
    const { found } = await raising.finder.find(held.providers, patience(raising));
    // What is only looked at may not change what is known of those that serve.
    buildFleet(config, found, { known: createKnownBackends(raising) });
    return config;
  } finally {
    await held.give();
  }
}

type Facts = Omit<Raised, "fleet" | "directory" | "names" | "refusedUntil">;

/** At the start there is time; a change is to be everywhere within two seconds, whoever is silent. */
const askMs = { first: 2_000, change: 1_000 };

async function layFleet(
  { config, version, sha256, since, waitsForRestart, held }: Facts,
  { found, failures }: Finding,
  { clock, known, now, last }: Raising,
  waitFor: "everybody" | "strangers" = "everybody",
): Promise<Raised> {
  const refusals = refusalsOf(config.providers, { since, now: clock.now() });
  const fleet = buildFleet(config, found, { known, before: last?.fleet, refused: refusals.names });
  if (last && failures.length > 0 && hasLostRoute(last.fleet, fleet)) throw failures[0];
  const timeoutMs = last ? askMs.change : askMs.first;
  const isAsleep = ({ name }: Backend): boolean => known.isAsleep(name, now());
  const inherited = last && { before: knownBefore(last) };
  const onAnswered = tellReady(fleet, now);
  const asking = { fleet, clock, isAsleep, onAnswered, timeoutMs, waitFor, ...inherited };
  const directory = await openDirectory(asking);
  return {
    ...{ config, version, sha256, since, waitsForRestart, held, fleet, directory },
    names: namesIn(found),
    refusedUntil: refusals.until,
  };
}

/** A change after which nobody is left, only since a provider did not answer, is better tried again. */
function hasLostRoute(before: Fleet, { routes }: Fleet): boolean {
  return [...routes].some(([model, { backends }]) => {
    return backends.length === 0 && (before.routes.get(model)?.backends.length ?? 0) > 0;
  });
}

function namesIn(found: Found): ReadonlySet<string> {
  return new Set([...found].flatMap(([id, provider]) => nameBackends(id, provider).map(({ name }) => name)));
}

function patience({ closing, starting }: Raising): AbortSignal {
  return starting ? AbortSignal.any([closing, starting]) : closing;
}

/** What is made anew with each fleet, or is read by others; all the rest was opened once, for as long as the process lives. */
const changing: ReadonlySet<string> = new Set(["models", "providers", "routes", "fleet"]);

/** The chapters of which the process has another form. */
function differences(config: Config, begun: Config): string[] {
  const before = new Map<string, unknown>(Object.entries(begun));
  const chapters = new Map<string, unknown>(Object.entries(config));
  const names = [...new Set([...before.keys(), ...chapters.keys()])];
  return names.filter(
    (name) => !changing.has(name) && canonical(before.get(name)) !== canonical(chapters.get(name)),
  );
}
