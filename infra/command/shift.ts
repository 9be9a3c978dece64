import process from "node:process";
import { readShiftAsk } from "./trials/shift-ask.ts";
import { shiftAtDatabase } from "./trials/shift-at-database.ts";
import { shiftAtGateway } from "./trials/shift-at-gateway.ts";

/** `tradewind shift MODEL PROVIDER SHARE`: gives a provider more or less of a model's requests, as a new configuration. */
export async function shift(args: string[]): Promise<number> {
  const ask = readShiftAsk(args);
  const { url, key = process.env.TRADEWIND_KEY } = ask;
  const tell = (line: string): void => void process.stdout.write(`${line}\n`);
  return url === undefined
    ? await shiftAtDatabase(ask, tell)
    : await shiftAtGateway({ ...ask, url, key }, tell);
}
