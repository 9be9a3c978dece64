import type { Parameters } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { isObject } from "./json-head.ts";
import { isScalar } from "./read-tensor-head.ts";
import { quote, show } from "./side.ts";

export type RequestParameters = {
  readonly parameters: Parameters;
  readonly binaryDataOutput: boolean;
  readonly priority: number;
  readonly timeoutMs: number | undefined;
};

/** What a request says beside its tensors: those parameters that the protocol reserves have types, all others are free. */
export function readRequestParameters(given: unknown): RequestParameters {
  if (given === undefined || given === null) return none;
  if (!isObject(given))
    throw new TradewindError("request_malformed", "Unable to parse 'parameters': not an object");
  const parameters = Object.fromEntries(Object.entries(given).filter(isPassedOn));
  const { binary_data_output: binary = false, priority = 0, timeout = 0 } = parameters;
  return {
    parameters,
    binaryDataOutput: binary === true,
    priority: Number(priority),
    timeoutMs: timeout === 0 ? undefined : Math.min(Number(timeout) / 1_000, longestTimerMs),
  };
}

const none: RequestParameters = {
  parameters: {},
  binaryDataOutput: false,
  priority: 0,
  timeoutMs: undefined,
};

/** A timer that is set for longer fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Throws on a value of the wrong type; false for what is of no use to a model. */
function isPassedOn(entry: [string, unknown]): entry is [string, string | number | boolean] {
  const [name, value] = entry;
  if (name.startsWith("triton_")) {
    const message = "parameter keys starting with 'triton_' are reserved and should not be specified";
    throw new TradewindError("request_malformed", `${message}: ${quote(name)}`);
  }
  // Some clients send what they had as HTTP headers once more in here.
  if (name === "headers" && isObject(value)) return false;
  const rule = Object.hasOwn(reserved, name) ? reserved[name] : undefined;
  if (rule ? rule.fits(value) : isScalar(value)) return true;
  throw wrongValue(name, value, rule?.expected ?? "a text, a number or a truth value");
}

type Rule = { readonly fits: (value: unknown) => boolean; readonly expected: string };

const wholeNumber: Rule = { fits: isUint64, expected: "a whole number from 0" };
const truth: Rule = { fits: (value) => typeof value === "boolean", expected: "true or false" };

const reserved: Readonly<Record<string, Rule>> = {
  sequence_id: {
    fits: (value) => typeof value === "string" || isUint64(value),
    expected: "a text or a whole number from 0",
  },
  sequence_start: truth,
  sequence_end: truth,
  priority: wholeNumber,
  timeout: { fits: isUint64, expected: "a whole number of microseconds from 0" },
  binary_data_output: truth,
};

function isUint64(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 2 ** 64;
}

function wrongValue(name: string, value: unknown, expected: string): TradewindError {
  return new TradewindError(
    "parameter_invalid",
    `parameter ${quote(name)} is ${show(value)}, expected ${expected}`,
  );
}
