import { TradewindError } from "#infra/runtime/errors.ts";

/** `A.pem,B.pem`, or the flag several times. */
export function listed(values: readonly string[] | undefined): readonly string[] {
  return (values ?? []).flatMap((value) => value.split(",")).filter((value) => value !== "");
}

export function required(flag: string, value: string | undefined): string {
  if (value !== undefined && value !== "") return value;
  throw new TradewindError("request_malformed", `--${flag} is missing`, {
    hint: "see tradewind models --help",
  });
}

export function requiredList(flag: string, values: readonly string[] | undefined): readonly string[] {
  const found = listed(values);
  if (found.length > 0) return found;
  throw new TradewindError("request_malformed", `--${flag} is missing`, {
    hint: "see tradewind models --help",
  });
}

/** A whole number from 1 on. */
export function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (/^[1-9]\d{0,9}$/.test(text) && value < 2 ** 31) return value;
  throw new TradewindError(
    "parameter_invalid",
    `--${flag} is "${text.slice(0, 40)}", expected a whole number from 1 on`,
  );
}

export function optionalNumber(flag: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : wholeNumber(flag, text);
}

/** Positional words, as many as there are to be. */
export function positions<Count extends number>(
  given: readonly string[],
  count: Count,
  usage: string,
): readonly string[] {
  if (given.length === count && !given.includes("")) return given;
  throw new TradewindError("request_malformed", `expected: tradewind models ${usage}`);
}
