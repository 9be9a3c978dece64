import { type Calibration, isCalibration } from "#inference/quantize/calibrate/choose-range.ts";
import type { QuantizeRequest } from "#inference/quantize/quantize-file.ts";
import { isTarget, type Target } from "#inference/quantize/targets.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type QuantizeAsk = QuantizeRequest & { readonly isJson: boolean };

const options = {
  images: { type: "string" },
  out: { type: "string" },
  target: { type: "string", default: "x64" },
  calibration: { type: "string", default: "minmax" },
  shadow: { type: "string" },
  truth: { type: "string" },
  "min-agreement": { type: "string", default: "0.9" },
  "max-map-loss": { type: "string" },
  json: { type: "boolean", default: false },
} as const;

const usage = [
  "expected: tradewind models quantize MODEL.onnx --images DIR --out FILE [--target x64|x64-no-vnni|arm64]",
  "  [--calibration minmax|percentile|entropy] [--shadow DIR] [--truth DIR] [--min-agreement 0.9] [--max-map-loss 1.0] [--json]",
].join("\n");

/** What `tradewind models quantize` is asked to do, or what is wrong with that. */
export function readQuantizeAsk(args: string[]): QuantizeAsk {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  const { images, out, shadow, truth, json: isJson } = values;
  const [model, ...more] = positionals;
  if (!model || !images || !out || more.length > 0) throw new TradewindError("request_malformed", usage);
  const mapLoss = values["max-map-loss"];
  if (mapLoss !== undefined && truth === undefined) {
    throw new TradewindError("request_malformed", "--max-map-loss needs --truth: what is lost of what?");
  }
  const floors = {
    agreement: readNumber("min-agreement", values["min-agreement"], 1),
    mapLoss: readNumber("max-map-loss", mapLoss ?? "1.0", 100),
  };
  const kinds = { target: readTarget(values.target), calibration: readCalibration(values.calibration) };
  return { model, images, out, ...kinds, shadow, truth, floors, isJson };
}

function readTarget(text: string): Target {
  if (isTarget(text)) return text;
  throw invalid("target", text, "x64, x64-no-vnni or arm64");
}

function readCalibration(text: string): Calibration {
  if (isCalibration(text)) return text;
  throw invalid("calibration", text, "minmax, percentile or entropy");
}

function readNumber(flag: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d{1,3}(\.\d{1,6})?$/.test(text) && value <= most) return value;
  throw invalid(flag, text, `a number from 0 to ${most}`);
}

function invalid(flag: string, text: string, expected: string): TradewindError {
  return new TradewindError("parameter_invalid", `--${flag} is "${text.slice(0, 40)}", expected ${expected}`);
}
