import { isMap, isNode, isScalar, type Pair, parseDocument, type YAMLMap } from "yaml";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Config, parseConfig, type RouteSettings } from "../../config.ts";
import { shiftShare } from "../../trials/shift-shares.ts";
import { linesOf, pairOf } from "../../trials/splice-route.ts";
import { candidateOf } from "./rollout.ts";

export type Edited = {
  readonly text: string;
  /** Those whose trial is at another step now. */
  readonly models: readonly string[];
};

type Named = { readonly file: string };

/**
 * The configuration with a provider's candidate declared beside it, and as the canary of each of its routes with this
 * share. Where the provider was changed meanwhile its candidate follows. Nothing else changes, comments neither; asked
 * again, nothing changes at all.
 */
export function withCandidate(
  text: string,
  { provider, share }: { readonly provider: string; readonly share: number },
  named: Named,
): Edited {
  const candidate = candidateOf(provider);
  const declared = declare(text, provider, named);
  return shiftEach(
    declared,
    { candidate, share, routes: routesWith(parseConfig(declared, named), provider) },
    named,
  );
}

/** And without it, wherever it is tried; where it is not declared, nothing changes. */
export function withoutCandidate(
  text: string,
  { provider }: { readonly provider: string },
  named: Named,
): Edited {
  const candidate = candidateOf(provider);
  const { providers, routes } = parseConfig(text, named);
  if (!Object.hasOwn(providers, candidate)) return { text, models: [] };
  const tried = routes.filter(({ canary, shadow }) =>
    [canary?.provider, shadow?.provider].includes(candidate),
  );
  const { text: untried, models } = shiftEach(text, { candidate, share: 0, routes: tried }, named);
  return { text: withdraw(untried, candidate, named), models };
}

/** Where a provider answers as a rule. */
export function routesWith({ routes }: Pick<Config, "routes">, provider: string): readonly RouteSettings[] {
  return routes.filter(({ failover }) => failover.flat().some((member) => member.provider === provider));
}

type Shifts = {
  readonly candidate: string;
  readonly share: number;
  readonly routes: readonly RouteSettings[];
};

function shiftEach(text: string, { candidate, share, routes }: Shifts, named: Named): Edited {
  return routes.reduce<Edited>(
    (edited, { models: [model = ""] }) => {
      const shifted = shiftShare(edited.text, { model, provider: candidate, share }, named);
      const models = shifted.text === edited.text ? [] : shifted.models;
      return { text: shifted.text, models: [...edited.models, ...models] };
    },
    { text, models: [] },
  );
}

/** In one line below the provider itself, so that taking it out leaves no trace; what differs from it is written anew. */
function declare(text: string, provider: string, named: Named): string {
  const before = parseConfig(text, named);
  const candidate = candidateOf(provider);
  const settings = before.providers[provider];
  if (!settings) throw wrong(`provider "${provider}" is not declared under providers`);
  const wanted = besides(settings);
  const there = before.providers[candidate];
  if (there && inWords(besides(there)) === inWords(wanted) && isCandidate(there)) return text;
  if (there && !(isCandidate(there) && there.kind === settings.kind))
    throw wrong(`"${candidate}" is declared already, and is not what "${provider}" is: take it out by hand`);
  const expected = { ...before, providers: { ...before.providers, [candidate]: wanted } };
  const means = (edited: string | undefined): edited is string =>
    edited !== undefined && isSame(edited, expected, named);
  const [small, whole] = there ? [spliceOut(text, candidate), writeOut(text, candidate)] : [text, text];
  const edited = [small && spliceIn(small, provider), writeIn(whole, provider)].find(means);
  if (edited === undefined) throw unwritable();
  return edited;
}

/** What stands beside a provider; a drill of that one is none of its. */
function besides({ refuseUntil: _, ...settings }: Readonly<Record<string, unknown>>) {
  return { ...settings, revision: "candidate" };
}

function isCandidate(settings: Config["providers"][string]): boolean {
  return "revision" in settings && settings.revision === "candidate";
}

function withdraw(text: string, candidate: string, named: Named): string {
  const before = parseConfig(text, named);
  const { [candidate]: _, ...providers } = before.providers;
  const expected = { ...before, providers };
  const means = (edited: string | undefined): edited is string =>
    edited !== undefined && isSame(edited, expected, named);
  const edited = [spliceOut(text, candidate), writeOut(text, candidate)].find(means);
  if (edited === undefined) throw unwritable();
  return edited;
}

function isSame(text: string, expected: object, named: Named): boolean {
  try {
    return inWords(parseConfig(text, named)) === inWords(expected);
  } catch {
    return false;
  }
}

function inWords(value: unknown): string {
  return JSON.stringify(sorted(value));
}

/** In which order keys stand says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}

/** The few characters that this adds to a text as people write one; undefined where it is written otherwise. */
function spliceIn(text: string, provider: string): string | undefined {
  const providers = parseDocument(text).get("providers", true);
  if (!isMap(providers) || providers.flow) return undefined;
  const pair = pairOf(providers, provider);
  const lines = linesOf(text, pair);
  if (lines?.indent.trim() !== "") return undefined;
  const settings = besides(plain(pair));
  const start = text[lines.to - 1] === "\n" ? "" : "\n";
  const line = `${start}${lines.indent}${candidateOf(provider)}: ${JSON.stringify(settings)}\n`;
  return text.slice(0, lines.to) + line + text.slice(lines.to);
}

function spliceOut(text: string, candidate: string): string | undefined {
  const providers = parseDocument(text).get("providers", true);
  if (!isMap(providers) || providers.flow) return undefined;
  const lines = linesOf(text, pairOf(providers, candidate));
  if (lines?.indent.trim() !== "") return undefined;
  return text.slice(0, lines.from) + text.slice(lines.to);
}

function writeIn(text: string, provider: string): string | undefined {
  const document = parseDocument(text);
  const providers = document.get("providers", true);
  if (!isMap(providers)) return undefined;
  const place = providers.items.findIndex((pair) => isScalar(pair.key) && pair.key.value === provider);
  const settings = besides(plain(providers.items[place]));
  (providers as YAMLMap).items.splice(place + 1, 0, document.createPair(candidateOf(provider), settings));
  return document.toString({ lineWidth: 0 });
}

function writeOut(text: string, candidate: string): string {
  const document = parseDocument(text);
  document.deleteIn(["providers", candidate]);
  return document.toString({ lineWidth: 0 });
}

function plain(pair: Pair | undefined): Readonly<Record<string, unknown>> {
  const value = pair?.value;
  const read: unknown = isNode(value) ? JSON.parse(JSON.stringify(value)) : {};
  return typeof read === "object" && read !== null ? { ...read } : {};
}

function unwritable(): TradewindError {
  return wrong("the providers are written in a way that only a person can change");
}

function wrong(message: string): TradewindError {
  return new TradewindError("parameter_invalid", message);
}
