import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";

/** A message in memory: fields in camel case, enums by name, 64-bit numbers as text. */
export type Message = { readonly [field: string]: unknown };

export type FieldType = {
  readonly type: string;
  readonly rule?: string;
  readonly keyType?: string;
};

export type MessageType = {
  readonly path: readonly string[];
  readonly fields: Readonly<Record<string, FieldType>>;
};

export type EnumType = { readonly values: Readonly<Record<string, number>> };

type Node = {
  readonly nested?: Readonly<Record<string, Node>>;
  readonly fields?: Readonly<Record<string, FieldType>>;
  readonly values?: Readonly<Record<string, number>>;
};

const here = createRequire(import.meta.url);
const entry = here.resolve("@google-cloud/run");
const sdk = dirname(dirname(entry));
const gax = dirname(dirname(createRequire(entry).resolve("google-gax")));
const root = JSON.parse(readFileSync(join(sdk, "protos", "protos.json"), "utf8")) as Node;

/** The platform's own description of its API, as its SDK ships it, for gRPC. */
export const definition: PackageDefinition = loadSync(
  [
    "google/cloud/run/v2/service.proto",
    "google/cloud/run/v2/revision.proto",
    "google/longrunning/operations.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
  ],
  {
    includeDirs: [join(sdk, "protos"), join(gax, "protos")],
    longs: String,
    enums: String,
    defaults: false,
    oneofs: false,
  },
);

/** A message as bytes, for what is packed into another. */
export function packed(name: string, message: Message): Buffer {
  const type = definition[name];
  if (!type || !("serialize" in type)) throw new Error(`no message ${name}`);
  return (type.serialize as (message: Message) => Buffer)(message);
}

/** The message or enum that a name means inside another message. */
export function typeNamed(name: string, scope: readonly string[]): MessageType | EnumType {
  for (let depth = scope.length; depth >= 0; depth -= 1) {
    const path = [...scope.slice(0, depth), ...name.split(".").filter((part) => part !== "")];
    const node = nodeAt(path);
    if (node?.values) return { values: node.values };
    if (node?.fields) return { path, fields: node.fields };
  }
  throw new Error(`the contract has no ${name}`);
}

export function messageNamed(name: string): MessageType {
  const type = typeNamed(name, []);
  if (!("fields" in type)) throw new Error(`${name} is no message`);
  return type;
}

function nodeAt(path: readonly string[]): Node | undefined {
  let node: Node | undefined = root;
  for (const part of path) node = node?.nested?.[part];
  return node;
}
