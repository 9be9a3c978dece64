import { invalidAnswer } from "../open-inference-errors.ts";

export function readNumber(found: unknown): number {
  if (typeof found === "number" && Number.isFinite(found)) return found;
  throw invalidAnswer("something else than a number where one belongs");
}
