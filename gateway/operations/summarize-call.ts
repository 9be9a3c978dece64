import type { ProviderCall } from "#adapters/hand.ts";

/** What the audit keeps of a call: its shape and its short values, and nothing that may be secret or is long. */
export function summarizeCall({ action, request }: ProviderCall): Readonly<Record<string, unknown>> {
  const told = shorten(request, 0);
  const text = JSON.stringify(told) ?? "null";
  return {
    action: action.slice(0, mostText),
    request: text.length > mostBytes ? `${text.slice(0, mostBytes)}...` : told,
  };
}

const mostBytes = 8_192;
const mostText = 200;
const mostItems = 40;
const mostDepth = 8;

const secret = /secret|password|token|credential|connectionstring|authorization|privatekey|apikey/i;

/** What a container gets in its environment is somebody's own business, often a secret one; its names tell enough. */
const environment = /^(env|environment|environmentVariables|appSettings)$/i;

function shorten(value: unknown, depth: number): unknown {
  if (typeof value === "string") return value.length > mostText ? `${value.slice(0, mostText)}...` : value;
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return typeof value === "function" ? undefined : value;
  if (value instanceof Date) return value.toISOString();
  if (depth >= mostDepth) return "...";
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (Array.isArray(value)) return value.slice(0, mostItems).map((one) => shorten(one, depth + 1));
  const entries = Object.entries(value).slice(0, mostItems);
  return Object.fromEntries(entries.map(([key, one]) => [key, told(key, one, depth)]));
}

function told(key: string, value: unknown, depth: number): unknown {
  if (environment.test(key)) return namesOf(value);
  if (secret.test(key) && value !== null && value !== undefined) return "[redacted]";
  return shorten(value, depth + 1);
}

function namesOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return "[redacted]";
  if (!Array.isArray(value)) return Object.keys(value).slice(0, mostItems);
  return value.slice(0, mostItems).map((one: unknown) => {
    const name: unknown = typeof one === "object" && one !== null ? Reflect.get(one, "name") : undefined;
    return typeof name === "string" ? name.slice(0, mostText) : "[redacted]";
  });
}
