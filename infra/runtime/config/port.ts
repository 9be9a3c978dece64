import { TradewindError } from "../errors.ts";

/** A port as a flag or an environment variable gives it; 0 means any free one. */
export function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535 && text.trim() !== "") return port;
  throw new TradewindError("config_invalid", `"${text}" is no port, expected a number from 0 to 65535`);
}
