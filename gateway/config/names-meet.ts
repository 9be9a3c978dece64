import type { z } from "zod";
import { besideOthers } from "#infra/runtime/config/beside-others.ts";
import { listOf, recordOf } from "./lenient.ts";

/**
 * Adds to a schema of `configShape`, and of whatever else its file holds, what no section can see alone: every name used
 * is declared, no model has two routes, and who is tried, who is a canary and who gets copies are not the same.
 */
export function namesMeet<Schema extends z.ZodType>(schema: Schema): Schema {
  return schema.superRefine((config: unknown, context) => {
    for (const { path, message } of problemsOf(recordOf(config)))
      context.addIssue({ code: "custom", path: [...path], message });
  }, besideOthers);
}

type Path = readonly (string | number)[];

type Problem = { readonly path: Path; readonly message: string };

/** A name, and where it stands. */
type Use = { readonly name: string; readonly path: Path };

type Uses = Readonly<
  Record<"models" | "failover" | "canary" | "shadow" | "agreement" | "overrides", readonly Use[]>
>;

function problemsOf({ models, providers, routes }: Readonly<Record<string, unknown>>): Problem[] {
  const routed = new Set<string>();
  return listOf(routes).flatMap((route, index) => {
    const uses = usesOf(recordOf(route), ["routes", index]);
    const { failover, canary, shadow } = uses;
    return [
      ...undeclared(uses.models, "model", models),
      ...undeclared([...failover, ...canary, ...shadow], "provider", providers),
      ...inRouteAlready(uses),
      ...notInRoute(uses),
      ...twice(uses.models, routed).map(({ name, path }) => ({
        path,
        message: `model "${name}" has a route already`,
      })),
    ];
  });
}

/** As much of a route as can be read: where a check runs beside other problems, a value can be anything. */
function usesOf(route: Readonly<Record<string, unknown>>, at: Path): Uses {
  const use = (name: unknown, ...path: Path): Use[] =>
    typeof name === "string" ? [{ name, path: [...at, ...path] }] : [];
  return {
    models: listOf(route.models).flatMap((name, place) => use(name, "models", place)),
    failover: listOf(route.failover).flatMap((group, row) =>
      listOf(group).flatMap((member, place) => use(recordOf(member).provider, "failover", row, place)),
    ),
    canary: use(recordOf(route.canary).provider, "canary", "provider"),
    shadow: use(recordOf(route.shadow).provider, "shadow", "provider"),
    agreement: listOf(recordOf(route.agreement).with).flatMap((name, place) =>
      use(name, "agreement", "with", place),
    ),
    overrides: Object.keys(recordOf(route.overrides)).flatMap((name) => use(name, "overrides", name)),
  };
}

/** Says nothing where the section is no section at all, since that is the problem then. */
function undeclared(uses: readonly Use[], kind: "model" | "provider", section: unknown): Problem[] {
  if (typeof section !== "object" || section === null) return [];
  return uses
    .filter(({ name }) => !Object.hasOwn(section, name))
    .map(({ name, path }) => ({ path, message: `${kind} "${name}" is not declared under ${kind}s` }));
}

/** A provider tried twice would fail twice, and one that is tried anyway is nothing to compare with. */
function inRouteAlready({ failover, canary, shadow }: Uses): Problem[] {
  const seen = new Set<string>();
  return [failover, canary, shadow].flatMap((uses) =>
    twice(uses, seen).map(({ name, path }) => ({
      path,
      message: `provider "${name}" is in this route already`,
    })),
  );
}

function notInRoute({ models, failover, canary, agreement, overrides }: Uses): Problem[] {
  const answering = new Set([...failover, ...canary].map(({ name }) => name));
  const served = new Set(models.map(({ name }) => name));
  return [
    ...agreement
      .filter(({ name }) => !answering.has(name))
      .map(({ name, path }) => ({ path, message: `provider "${name}" is not in this route` })),
    ...overrides
      .filter(({ name }) => !served.has(name))
      .map(({ name, path }) => ({ path, message: `model "${name}" is not in this route` })),
  ];
}

/** Uses of a name that has been seen, which is remembered. */
function twice(uses: readonly Use[], seen: Set<string>): readonly Use[] {
  return uses.filter(({ name }) => {
    const before = seen.has(name);
    seen.add(name);
    return before;
  });
}
