import type { DetectOptions, Parameters } from "#inference/contract.ts";
import { detectDefaults } from "#inference/heads/detect.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** What the protocol reserves and faces do not act on; our own are read below, and anything else is a typing error. */
const reserved = new Set([
  "sequence_id",
  "sequence_start",
  "sequence_end",
  "priority",
  "timeout",
  "binary_data_output",
  "headers",
]);

const own = new Set(["conf", "iou", "max_detections", "agnostic", "multi_label"]);

/** A request's parameters as the heads take them. */
export function readDetectOptions(given: Parameters): DetectOptions {
  const unknown = Object.keys(given).find((name) => !reserved.has(name) && !own.has(name));
  if (unknown !== undefined) throw invalid(`there is no parameter '${unknown.slice(0, 60)}'`);
  const { conf = detectDefaults.conf, iou = detectDefaults.iou, agnostic, multi_label = false } = given;
  return {
    conf: fraction("conf", conf),
    iou: fraction("iou", iou),
    maxDetections: countOf("max_detections", given.max_detections ?? detectDefaults.maxDetections),
    ...(agnostic === undefined ? {} : { agnostic: choice("agnostic", agnostic) }),
    multiLabel: choice("multi_label", multi_label),
  };
}

type Parameter = Parameters[string];

function fraction(name: string, value: Parameter): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw invalid(`${name} is ${show(value)}, expected a number from 0 to 1`);
}

function countOf(name: string, value: Parameter): number {
  const { maxDetections: most } = detectDefaults;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalid(`${name} is ${show(value)}, expected a whole number from 1 to ${most}`);
}

function choice(name: string, value: Parameter): boolean {
  if (typeof value === "boolean") return value;
  throw invalid(`${name} is ${show(value)}, expected true or false`);
}

function show(value: unknown): string {
  return JSON.stringify(value).slice(0, 60);
}

function invalid(message: string): TradewindError {
  return new TradewindError("parameter_invalid", message);
}
