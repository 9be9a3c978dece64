import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Says what in a body the SDK's own model does not have, or has as another type. */
export type CheckBody = (serializer: string, body: unknown) => readonly string[];

/**
 * What may be sent, read from an SDK's own serializers and from the types beside them. A serializer is a function of its
 * models' file that names each key of the wire, and for nested objects the serializer of that one.
 */
export function readRequestModels(packageName: string): CheckBody {
  const folder = new URL(".", import.meta.resolve(packageName));
  const text = (name: string): string =>
    readFileSync(fileURLToPath(new URL(`models/${name}`, folder)), "utf8");
  const serializers = readSerializers(text("models.js"));
  const types = readTypes(text("models.d.ts"));
  const check = (name: string, value: unknown, path: string): readonly string[] => {
    const known = serializers.get(name);
    if (!known) return [`${path}: the SDK has no ${name}`];
    if (known.kind === "keys") return checkKeys(known.keys, name, value, path);
    if (typeof value !== "object" || value === null) return [`${path}: no ${known.kind}`];
    return Object.entries(value).flatMap(([key, item]) => check(known.of, item, `${path}.${key}`));
  };
  const checkKeys = (
    keys: ReadonlyMap<string, string | undefined>,
    name: string,
    value: unknown,
    path: string,
  ): readonly string[] => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path}: no object`];
    return Object.entries(value).flatMap(([key, item]) => {
      const place = `${path}.${key}`;
      if (!keys.has(key)) return [`${place}: unknown to ${name}`];
      const nested = keys.get(key);
      if (nested !== undefined && item !== null) return check(nested, item, place);
      return isOfType(item, types.typeOf(name, key)) ? [] : [`${place}: not ${types.typeOf(name, key)}`];
    });
  };
  return (serializer, body) => check(serializer, body, serializer);
}

type Serializer =
  | { readonly kind: "keys"; readonly keys: ReadonlyMap<string, string | undefined> }
  | { readonly kind: "list" | "record"; readonly of: string };

function readSerializers(source: string): ReadonlyMap<string, Serializer> {
  const found = new Map<string, Serializer>();
  for (const [, name = "", body = ""] of source.matchAll(
    /^export function (\w+Serializer)\(\w+\) \{\n([\s\S]*?)^\}/gm,
  ))
    found.set(name, readSerializer(body));
  return found;
}

function readSerializer(body: string): Serializer {
  const item = /return (\w+Serializer)\(item\)/.exec(body)?.[1];
  if (body.includes("result.map(") && item !== undefined) return { kind: "list", of: item };
  const value = /: (\w+Serializer)\(item\[key\]\)/.exec(body)?.[1];
  if (body.includes("Object.keys(item)") && value !== undefined) return { kind: "record", of: value };
  const keys = new Map<string, string | undefined>();
  const starts = [...body.matchAll(/(?:^ {8}|return \{ |, )"?(\w+)"?: (?=!?item|areAll|_?\w+Serializer)/gm)];
  for (const [place, start] of starts.entries()) {
    const rest = body.slice(start.index + start[0].length, starts[place + 1]?.index);
    keys.set(start[1] ?? "", /(\w+Serializer)\(/.exec(rest)?.[1]);
  }
  return { kind: "keys", keys };
}

/** Only plain types are held against: what is nested is checked by its own serializer. */
function isOfType(value: unknown, type: string | undefined): boolean {
  if (value === null || type === undefined) return true;
  if (type === "string" || type === "number" || type === "boolean") return typeof value === type;
  if (type === "Date") return typeof value === "string";
  if (type === "string[]") return Array.isArray(value) && value.every((one) => typeof one === "string");
  return true;
}

function readTypes(source: string): {
  readonly typeOf: (serializer: string, key: string) => string | undefined;
} {
  const inputs = new Map<string, string>();
  for (const [, name = "", type = ""] of source.matchAll(/declare function (\w+Serializer)\(item: (\w+)\)/g))
    inputs.set(name, type);
  const interfaces = new Map<string, { readonly base: string | undefined; readonly body: string }>();
  for (const [, name = "", base, body = ""] of source.matchAll(
    /^export interface (\w+)(?: extends (\w+))? \{\n([\s\S]*?)^\}/gm,
  ))
    interfaces.set(name, { base, body });
  const typeIn = (name: string | undefined, key: string): string | undefined => {
    const found = name === undefined ? undefined : interfaces.get(name);
    if (!found) return undefined;
    return new RegExp(`^ {4}${key}\\??: ([^;]+);`, "m").exec(found.body)?.[1] ?? typeIn(found.base, key);
  };
  return { typeOf: (serializer, key) => typeIn(inputs.get(serializer), key) };
}
