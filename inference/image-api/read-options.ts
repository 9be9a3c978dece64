import { TradewindError } from "#infra/runtime/errors.ts";
import type { DetectOptions } from "../contract.ts";

export const formats = ["xyxy", "roboflow", "coco"] as const;

/** How boxes are written: corners, Roboflow's centres, or COCO's annotations. */
export type Format = (typeof formats)[number];

/** What may count for more where there is a choice of who answers. */
export const objectives = ["cost", "balanced", "latency"] as const;

export type Objective = (typeof objectives)[number];

/** What one request asks for, wherever in it that was said. */
export type ImageOptions = {
  readonly detect: DetectOptions;
  /** Names or numbers of the classes that are kept, each once; all where none is named. */
  readonly classes?: readonly string[];
  readonly format: Format;
  /** From the last byte of the request; the route's own SLO where it is not given. */
  readonly deadlineMs?: number;
  /** Whether an answer past the deadline is none. */
  readonly strict: boolean;
  /** What counts for more in the choice of a backend; the route's own where it is not given. */
  readonly objective?: Objective;
};

type Given = Readonly<Record<string, readonly string[]>>;

/** What the query, and the fields of a form or of JSON beside it, ask for; one error names everything that is wrong. */
export function readOptions(query: Given, fields?: Given): ImageOptions {
  if (isEmpty(query) && (fields === undefined || isEmpty(fields))) return defaultOptions;
  const given = fields === undefined ? new Map(Object.entries(query)) : together(query, fields);
  const problems = [...given].flatMap(([name, values]) => problemWith(name, values) ?? []);
  if (problems.length > 0) throw new TradewindError("parameter_invalid", listed(problems));
  return optionsOf(given);
}

export const defaultOptions: ImageOptions = Object.freeze({
  detect: Object.freeze({ conf: 0.25, iou: 0.7, maxDetections: 300 }),
  format: "xyxy",
  strict: false,
});

/** The same text for whatever must have the same answer; how it is written, by when and by whom, is not in it. */
export function canonicalOptions(options: ImageOptions): string {
  return options === defaultOptions ? usualText : textOf(options);
}

function textOf({ detect, classes }: ImageOptions): string {
  const { conf, iou, maxDetections, agnostic, multiLabel } = detect;
  const inAll = `conf=${conf}&iou=${iou}&max_detections=${maxDetections}`;
  const rules = `${asked("agnostic", agnostic)}${asked("multi_label", multiLabel)}`;
  return `${inAll}${rules}${classes ? `&classes=${JSON.stringify([...classes].sort())}` : ""}`;
}

const usualText = textOf(defaultOptions);

function asked(name: string, value: boolean | undefined): string {
  return value === undefined ? "" : `&${name}=${value}`;
}

function isEmpty(given: Given): boolean {
  for (const _ in given) return false;
  return true;
}

function together(query: Given, fields: Given): Map<string, readonly string[]> {
  const given = new Map(Object.entries(query));
  for (const [name, values] of Object.entries(fields))
    given.set(name, [...(given.get(name) ?? []), ...values]);
  return given;
}

type Parameter = {
  /** Undefined where the value is one; otherwise what would be. */
  readonly expects: (value: string) => string | undefined;
  /** May be given several times, which is the same as a list. */
  readonly repeats?: boolean;
};

/**
 * Plain decimals only: what JavaScript would make of "", "0x1" or "1e-1" is nobody's intention. The point is not
 * optional between two runs of digits, since such a pattern takes the square of a long value's length to say no.
 */
const decimal = /^(?:\d+|\d*\.\d+)$/;

const parameters = {
  conf: between(0, 1, decimal, "a number"),
  iou: between(0, 1, decimal, "a number"),
  max_detections: between(1, 300, /^\d+$/, "a whole number"),
  classes: { expects: classesExpected, repeats: true },
  format: oneOf(formats),
  deadline: between(1, 600_000, /^\d+$/, "a whole number of milliseconds"),
  strict: oneOf(["true", "false"]),
  objective: oneOf(objectives),
} as const satisfies Record<string, Parameter>;

function between(from: number, to: number, pattern: RegExp, kind: string): Parameter {
  const expected = `expected ${kind} from ${from} to ${to}`;
  return {
    expects: (value) =>
      pattern.test(value) && Number(value) >= from && Number(value) <= to ? undefined : expected,
  };
}

function oneOf(values: readonly string[]): Parameter {
  const expected = `expected ${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
  return { expects: (value) => (values.includes(value) ? undefined : expected) };
}

const mostClasses = 1_024;
const longestClass = 200;

function classesExpected(value: string): string | undefined {
  // The bound on the length is looked at first, so that a huge value isn't cut into a huge list.
  const isShort = value.length <= mostClasses * 32;
  const names = isShort ? value.split(",").map((name) => name.trim()) : [];
  const areNames = names.length > 0 && names.every((name) => name !== "" && name.length <= longestClass);
  if (areNames && names.length <= mostClasses) return undefined;
  return `expected names or numbers of classes, ${mostClasses} at most, with commas between them`;
}

/** A query has room for thousands of names, an answer should not have. */
const mostProblems = 5;

function listed(problems: readonly string[]): string {
  const left = problems.length - mostProblems;
  return problems.slice(0, mostProblems).join("; ") + (left > 0 ? `; and ${left} more` : "");
}

function problemWith(name: string, values: readonly string[]): string | undefined {
  const parameter: Parameter | undefined = isKnown(name) ? parameters[name] : undefined;
  if (!parameter) {
    const shown = JSON.stringify(name.slice(0, 40));
    return `there is no parameter ${shown}, only ${Object.keys(parameters).join(", ")}`;
  }
  if (values.length === 0) return `${name} has no value`;
  const most = parameter.repeats ? mostClasses : 1;
  if (values.length > most) return `${name} is given ${values.length} times`;
  const value = values.join(",");
  const expected = parameter.expects(value);
  return expected && `${name} is ${JSON.stringify(value.slice(0, 40))}, ${expected}`;
}

function isKnown(name: string): name is keyof typeof parameters {
  return Object.hasOwn(parameters, name);
}

function optionsOf(given: ReadonlyMap<string, readonly string[]>): ImageOptions {
  const { detect: usual, format: usualFormat } = defaultOptions;
  const first = (name: keyof typeof parameters): string | undefined => given.get(name)?.[0];
  const classes = given.get("classes")?.flatMap((list) => list.split(",").map((name) => name.trim()));
  const deadline = first("deadline");
  const objective = objectives.find((name) => name === first("objective"));
  return {
    detect: {
      conf: Number(first("conf") ?? usual.conf),
      iou: Number(first("iou") ?? usual.iou),
      maxDetections: Number(first("max_detections") ?? usual.maxDetections),
    },
    ...(classes ? { classes: [...new Set(classes)] } : {}),
    format: formats.find((name) => name === first("format")) ?? usualFormat,
    ...(deadline === undefined ? {} : { deadlineMs: Number(deadline) }),
    strict: first("strict") === "true",
    ...(objective && { objective }),
  };
}
