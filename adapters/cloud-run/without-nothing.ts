/**
 * A message without what the SDK fills in where nothing was said, so that what is sent back, and shown before, is what
 * somebody meant: the same on the wire.
 */
export function withoutNothing<Message extends object>(message: Message): Message {
  return prune(message, 0) as Message;
}

const deepest = 20;

function prune(value: unknown, depth: number): unknown {
  if (depth > deepest || typeof value !== "object" || value === null || value instanceof Uint8Array)
    return value;
  if (Array.isArray(value)) return value.map((one) => prune(one, depth + 1));
  const choices = Object.keys(value).filter((key) => namesChoice(key, value));
  const chosen = new Set(choices.map((key) => Reflect.get(value, key)));
  const kept = Object.entries(value)
    .filter(([key, inner]) => !choices.includes(key) && (chosen.has(key) || !isNothing(inner)))
    .map(([key, inner]) => [key, maps.has(key) ? inner : prune(inner, depth + 1)]);
  return Object.fromEntries(kept);
}

/** The SDK names beside a choice which of its fields is set: only there does an empty one say something. */
function namesChoice(key: string, message: object): boolean {
  const chosen: unknown = Reflect.get(message, key);
  const isChoice = key.startsWith("_") || alternatives.has(key);
  return isChoice && typeof chosen === "string" && Object.hasOwn(message, chosen);
}

const alternatives: ReadonlySet<string> = new Set(["values", "volumeType", "probeType", "sourceType"]);

/** Their keys are somebody's own words, and an empty value is a value. */
const maps: ReadonlySet<string> = new Set(["labels", "annotations", "limits"]);

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === 0 || value === false) return true;
  if (typeof value === "string") return value.endsWith("_UNSPECIFIED");
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}
