import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { type Config, parseConfig } from "../config.ts";
import { createKnownBackends, type KnownBackends } from "../dispatch/known-backends.ts";
import { digestOf } from "../records/configurations.ts";
import { publishedAs } from "./begin-configuration.ts";
import { type Directory, openDirectory } from "./directory.ts";
import { knownBefore } from "./inherit-directory.ts";
import { canonical, type HeldProviders, type ProviderShelf } from "./keep-providers.ts";
import { type Backend, buildFleet, type Fleet } from "./snapshot.ts";
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

/** With what it holds open. */
export type Raised = Served & { readonly held: HeldProviders };

export type Raising = {
  /** As messages name a text that is in no records. */
  readonly file: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly known: KnownBackends;
  readonly now: () => number;
  readonly shelf: ProviderShelf;
  readonly closing: AbortSignal;
  readonly starting?: AbortSignal;
  readonly last?: Raised;
  /** What the process began with. */
  readonly begun?: Config;
};

/** A provider that does not say where its backends are holds nobody up for longer. */
const discoverMs = 10_000;

/** At the start there is time; a change is to be everywhere within two seconds, whoever is silent. */
const askMs = { first: 2_000, change: 1_000 };

/** From a text to all that is made of it, or nothing at all. */
export async function raiseFleet(change: Change, raising: Raising): Promise<Raised> {
  const { clock, shelf, known, now, last, begun } = raising;
  const file = change.version ? publishedAs(change.version) : raising.file;
  const config = parseConfig(change.text, { file });
  const held = await shelf.take(config.providers);
  try {
    const building = { known, signal: patience(raising), before: last?.fleet };
    const fleet = await buildFleet(config, held.providers, building);
    const timeoutMs = last ? askMs.change : askMs.first;
    const isAsleep = ({ name }: Backend): boolean => known.isAsleep(name, now());
    const inherited = last && { before: knownBefore(last) };
    const onAnswered = tellReady(fleet, now);
    const directory = await openDirectory({ fleet, clock, isAsleep, onAnswered, timeoutMs, ...inherited });
    return {
      ...{ config, fleet, directory, held },
      version: change.version ?? 0,
      sha256: digestOf(change.text),
      since: clock.now(),
      waitsForRestart: begun ? differences(config, begun) : [],
    };
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
    // What is only looked at may not change what is known of those that serve.
    const known = createKnownBackends(raising);
    await buildFleet(config, held.providers, { known, signal: patience(raising) });
    return config;
  } finally {
    await held.give();
  }
}

function patience({ closing, starting }: Raising): AbortSignal {
  return AbortSignal.any([closing, AbortSignal.timeout(discoverMs), ...(starting ? [starting] : [])]);
}

/** What is made anew with each fleet; all the rest was opened once, for as long as the process lives. */
const changing: ReadonlySet<string> = new Set(["models", "providers", "routes"]);

/** The chapters of which the process has another form. */
function differences(config: Config, begun: Config): string[] {
  const before = new Map<string, unknown>(Object.entries(begun));
  const chapters = new Map<string, unknown>(Object.entries(config));
  const names = [...new Set([...before.keys(), ...chapters.keys()])];
  return names.filter(
    (name) => !changing.has(name) && canonical(before.get(name)) !== canonical(chapters.get(name)),
  );
}
