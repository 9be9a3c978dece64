import type { Endpoint, Provider } from "#adapters/provider.ts";
import type { Terms } from "#adapters/terms.ts";

/** One address that can answer. */
export type Backend = Pick<Endpoint, "url" | "client"> & {
  /** The name of its provider in the configuration. */
  readonly id: string;
  /**
   * Its own: behind the provider's stands what the provider calls it, or its number; a provider with one address and no
   * name for it lends it its own.
   */
  readonly name: string;
  /** What the provider calls it. */
  readonly label?: string | undefined;
  readonly terms: Terms;
};

/** Where a provider's backends are at one moment, as it said. */
export type FoundProvider = Pick<Provider, "terms"> & { readonly endpoints: readonly Endpoint[] };

/** What a provider said, named; of two by one name the first counts. */
export function nameBackends(id: string, { terms, endpoints }: FoundProvider): readonly Backend[] {
  const labels = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    const { name } = endpoint;
    if (isLabel(name) && !labels.has(name)) labels.set(name, endpoint);
  }
  const isAlone = endpoints.length === 1;
  return endpoints.flatMap(({ url, client, name: label }, place): Backend[] => {
    const own = { url, client, id, terms };
    if (!isLabel(label)) return [{ ...own, name: isAlone ? id : `${id}/${numberFor(place, labels)}` }];
    return labels.get(label) === endpoints[place] ? [{ ...own, name: `${id}/${label}`, label }] : [];
  });
}

/** The provider of a backend, by the name that the backend has. */
export function providerOf(backend: Backend["name"]): string {
  const [provider = backend] = backend.split("/");
  return provider;
}

function isLabel(name: string | undefined): name is string {
  return name !== undefined && /^[\w.-]{1,63}$/.test(name);
}

function numberFor(place: number, labels: ReadonlyMap<string, Endpoint>): string {
  const number = `${place + 1}`;
  return labels.has(number) ? `${number}.` : number;
}
