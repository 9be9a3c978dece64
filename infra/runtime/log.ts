import { type DestinationStream, type Logger, pino } from "pino";
import { TradewindError } from "./errors.ts";

export type Log = Logger;

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

export type LogOptions = {
  readonly name: string;
  readonly level?: string;
  readonly destination?: DestinationStream;
};

/** Names under which a credential has ever travelled; a field so called is never written, at two depths and in headers. */
const secretFields = [
  "authorization",
  "password",
  "secret",
  "token",
  "key",
  "apiKey",
  "api_key",
  "cookie",
  "databaseUrl",
  "DATABASE_URL",
];

/** JSON lines on standard error, so that standard output stays for what a person asked to see. */
export function createLog({
  name,
  level = "info",
  destination = pino.destination({ dest: 2, sync: true }),
}: LogOptions): Log {
  if (!levels.includes(level)) {
    throw new TradewindError(
      "config_invalid",
      `"${level}" is no log level, expected one of ${levels.join(", ")}`,
    );
  }
  return pino(
    {
      name,
      level,
      redact: {
        paths: secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
        censor: "[redacted]",
      },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
