import {
  type EnumType,
  type FieldType,
  type Message,
  type MessageType,
  messageNamed,
  typeNamed,
} from "./contract.ts";

/** Says what a real one would have taken offence at. */
export type Complain = (problem: string) => void;

/** JSON as the API reads it: a field that the contract does not have, or of another type, is a problem. */
export function fromJson(name: string, json: unknown, complain: Complain): Message {
  return readMessage(messageNamed(name), json, name.split(".").at(-1) ?? name, complain);
}

/** JSON as the API writes it where enums are asked for by number. */
export function toJson(name: string, message: Message): unknown {
  return writeMessage(messageNamed(name), message);
}

function readMessage(type: MessageType, json: unknown, where: string, complain: Complain): Message {
  if (!isObject(json)) {
    complain(`${where} is no object`);
    return {};
  }
  const read = Object.entries(json).flatMap(([key, value]) => {
    const field = type.fields[key];
    if (!field) complain(`${where} has no field ${key}`);
    return field ? [[key, readField(field, value, `${where}.${key}`, type.path, complain)]] : [];
  });
  return Object.fromEntries(read);
}

function readField(
  field: FieldType,
  json: unknown,
  where: string,
  scope: readonly string[],
  complain: Complain,
): unknown {
  const one = (value: unknown, at: string): unknown => readValue(field.type, value, at, scope, complain);
  if (field.keyType !== undefined) {
    if (!isObject(json)) complain(`${where} is no map`);
    const entries = isObject(json) ? Object.entries(json) : [];
    return Object.fromEntries(entries.map(([key, value]) => [key, one(value, `${where}.${key}`)]));
  }
  if (field.rule !== "repeated") return one(json, where);
  if (!Array.isArray(json)) complain(`${where} is no list`);
  return Array.isArray(json) ? json.map((value, index) => one(value, `${where}[${index}]`)) : [];
}

function readValue(
  type: string,
  json: unknown,
  where: string,
  scope: readonly string[],
  complain: Complain,
): unknown {
  const scalar = scalars[type];
  if (scalar) {
    if (!scalar(json)) complain(`${where} is no ${type}: ${JSON.stringify(json)}`);
    return json;
  }
  const known = typeNamed(type, scope);
  if ("values" in known) return readEnum(known, json, where, complain);
  const full = known.path.join(".");
  if (full === "google.protobuf.Timestamp")
    return { seconds: String(Math.floor(Date.parse(String(json)) / 1_000)), nanos: 0 };
  if (full === "google.protobuf.Duration")
    return { seconds: String(Number.parseFloat(String(json))), nanos: 0 };
  return readMessage(known, json, where, complain);
}

function readEnum({ values }: EnumType, json: unknown, where: string, complain: Complain): unknown {
  const found = Object.entries(values).find(([, number]) => number === json);
  if (!found) complain(`${where} is not one of its numbers: ${JSON.stringify(json)}`);
  return found?.[0];
}

const isWhole = (value: unknown): boolean => typeof value === "number" && Number.isInteger(value);
const isWholeText = (value: unknown): boolean => typeof value === "string" && /^-?\d+$/.test(value);

const scalars: Readonly<Record<string, ((value: unknown) => boolean) | undefined>> = {
  string: (value) => typeof value === "string",
  bool: (value) => typeof value === "boolean",
  int32: isWhole,
  int64: isWholeText,
};

function writeMessage(type: MessageType, message: Message): unknown {
  const written = Object.entries(message).flatMap(([key, value]) => {
    const field = type.fields[key];
    if (!field) throw new Error(`the fake answers with ${key}, which ${type.path.join(".")} has not`);
    return value === undefined ? [] : [[key, writeField(field, value, type.path)]];
  });
  return Object.fromEntries(written);
}

function writeField(field: FieldType, value: unknown, scope: readonly string[]): unknown {
  if (field.keyType !== undefined) return value;
  const one = (single: unknown): unknown => writeValue(field.type, single, scope);
  return field.rule === "repeated" ? (value as readonly unknown[]).map(one) : one(value);
}

function writeValue(type: string, value: unknown, scope: readonly string[]): unknown {
  if (scalars[type]) return value;
  const known = typeNamed(type, scope);
  if ("values" in known) return known.values[String(value)];
  const full = known.path.join(".");
  const { seconds } = value as { readonly seconds?: string };
  if (full === "google.protobuf.Timestamp") return new Date(1_000 * Number(seconds)).toISOString();
  if (full === "google.protobuf.Duration") return `${seconds}s`;
  return writeMessage(known, value as Message);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
