import { TradewindError } from "#infra/runtime/errors.ts";

/** What a caller would like to change: values by the names of settings. */
export type SettingChanges = Readonly<Record<string, unknown>>;

/** A body of settings is short; a longer one is something else. */
export const longestSettingsBody = 16_384;

/** The changes in a body, which may be empty: then nothing is to change. Settings that are not known are refused by name. */
export function readSettings(body: Uint8Array, known: readonly string[]): SettingChanges {
  if (body.byteLength > longestSettingsBody) throw refused("that is too long for settings");
  if (body.byteLength === 0) return {};
  const changes = parseObject(body);
  const unknown = Object.keys(changes).find((name) => !known.includes(name));
  if (unknown === undefined) return changes;
  throw refused(`there is no setting '${unknown.slice(0, 40)}', only ${known.join(", ")}`);
}

/** 400, as Triton answers it. */
export function refused(message: string): TradewindError {
  return new TradewindError("request_malformed", message);
}

/** What was said instead of what could have been, short enough for a message; how deep it goes nobody needs to know. */
export function told(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function parseObject(body: Uint8Array): SettingChanges {
  const value = parseJson(body);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw refused("settings are a JSON object of names and values");
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new TradewindError("request_malformed", "the settings are no JSON", { cause });
  }
}
