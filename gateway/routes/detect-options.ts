import type { DetectOptions } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

type Parameter = {
  readonly pattern: RegExp;
  readonly from: number;
  readonly to: number;
  readonly usual: number;
};

/**
 * Plain decimals only: what JavaScript would make of "", "0x1" or "1e-1" is nobody's intention. The point is not
 * optional between two runs of digits, since such a pattern takes the square of a long value's length to say no.
 */
const decimal = /^(?:\d+|\d*\.\d+)$/;

const parameters = {
  conf: { pattern: decimal, from: 0, to: 1, usual: 0.25 },
  iou: { pattern: decimal, from: 0, to: 1, usual: 0.7 },
  max_detections: { pattern: /^\d+$/, from: 1, to: 300, usual: 300 },
} as const satisfies Record<string, Parameter>;

/** What the query of a detection asks for; one error names everything that is wrong with it. */
export function readOptions(given: Readonly<Record<string, string[]>>): DetectOptions {
  const problems = Object.entries(given).flatMap(([name, values]) => problemWith(name, values) ?? []);
  if (problems.length > 0) throw new TradewindError("parameter_invalid", listed(problems));
  const read = (name: keyof typeof parameters): number => Number(given[name]?.[0] ?? parameters[name].usual);
  return { conf: read("conf"), iou: read("iou"), maxDetections: read("max_detections") };
}

/** A query has room for thousands of names, an answer should not have. */
const mostProblems = 5;

function listed(problems: readonly string[]): string {
  const left = problems.length - mostProblems;
  return problems.slice(0, mostProblems).join("; ") + (left > 0 ? `; and ${left} more` : "");
}

function problemWith(name: string, values: readonly string[]): string | undefined {
  const shown = JSON.stringify(name.slice(0, 40));
  const parameter = isKnown(name) ? parameters[name] : undefined;
  if (!parameter) return `there is no parameter ${shown}, only ${Object.keys(parameters).join(", ")}`;
  const [value = "", ...more] = values;
  if (more.length > 0) return `${name} is given ${values.length} times`;
  const { pattern, from, to } = parameter;
  if (pattern.test(value) && Number(value) >= from && Number(value) <= to) return undefined;
  const kind = name === "max_detections" ? "a whole number" : "a number";
  return `${name} is ${JSON.stringify(value.slice(0, 40))}, expected ${kind} from ${from} to ${to}`;
}

function isKnown(name: string): name is keyof typeof parameters {
  return Object.hasOwn(parameters, name);
}
