import { listOf, recordOf } from "../../config/lenient.ts";

type Problem = { readonly path: readonly (string | number)[]; readonly message: string };

/** One for each of a provider's addresses: its own name where there is one, or numbered from 1. */
export function namesOf(provider: string, settings: unknown): string[] {
  const { kind, urls } = recordOf(settings);
  const count = kind === "static" ? listOf(urls).length : 1;
  if (count <= 1) return [provider];
  return Array.from({ length: count }, (_, index) => `${provider}/${index + 1}`);
}

/** Names under `simulation` that stand for nothing; runs beside other problems, so values may be of any kind. */
export function problemsOf(
  fleet: Readonly<Record<string, unknown>>,
  measured: { readonly has: (name: string) => boolean },
): readonly Problem[] {
  const providers = recordOf(fleet.providers);
  const simulation = recordOf(fleet.simulation);
  const known = new Set(
    Object.entries(providers).flatMap(([name, settings]) => [name, ...namesOf(name, settings)]),
  );
  return [
    ...Object.entries(recordOf(simulation.providers)).flatMap(([name, settings]): Problem[] => {
      if (Object.hasOwn(providers, name)) return lacksMeasured(name, settings, measured);
      const message = `provider "${name}" is not declared under providers`;
      return [{ path: ["providers", name], message }];
    }),
    ...listOf(simulation.faults).flatMap((fault, place): Problem[] => {
      const { backend } = recordOf(fault);
      if (typeof backend !== "string" || known.has(backend)) return [];
      const message = `no backend "${backend.slice(0, 80)}" under providers`;
      return [{ path: ["faults", place, "backend"], message }];
    }),
  ];
}

function lacksMeasured(
  name: string,
  settings: unknown,
  measured: { readonly has: (name: string) => boolean },
): Problem[] {
  const { kind, measured: wanted } = recordOf(recordOf(settings).law);
  if (kind !== "samples" || typeof wanted !== "string" || measured.has(wanted)) return [];
  const message = `nothing readable at measured/${wanted.slice(0, 64)}.json beside this file`;
  return [{ path: ["providers", name, "law", "measured"], message }];
}
