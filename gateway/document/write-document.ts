import { commonComponents } from "./about.ts";
import type { WrittenRoute } from "./describe-route.ts";

/** Where a route keeps how its operation is written until somebody asks for the document. */
export const unwritten = "x-unwritten";

type Unwritten = { readonly [unwritten]: () => WrittenRoute };

/** The library's table of routes with each operation written out, and with all that they refer to. */
export function writeDocument(outline: Readonly<Record<string, unknown>>): object {
  const { webhooks: _, paths, ...head } = outline;
  const { schemas, ...components } = commonComponents();
  const named: Record<string, object> = { ...schemas };
  const operationOf = (route: Unwritten): object => {
    const { operation, schemas } = route[unwritten]();
    Object.assign(named, schemas);
    return operation;
  };
  const written = mapped(paths as Paths, (methods) => mapped(methods, operationOf));
  return { ...head, paths: written, components: { ...components, schemas: named } };
}

type Paths = Readonly<Record<string, Readonly<Record<string, Unwritten>>>>;

function mapped<Value, Result>(
  values: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
): Readonly<Record<string, Result>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
