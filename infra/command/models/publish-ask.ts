import { basename } from "node:path";
import { type ArtefactTarget, artefactTargets } from "#inference/artefacts/artefact.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { listed, optionalNumber, required, requiredList } from "./read-repository-flags.ts";
import type { SignedAsk } from "./tell-signed.ts";

export type PublishAsk = SignedAsk & {
  readonly store: string;
  readonly model: string;
  readonly version: string;
  readonly release: number | undefined;
  readonly files: readonly { readonly target: ArtefactTarget; readonly path: string }[];
  readonly images: string;
  readonly keys: readonly string[];
  /** Parts per million. */
  readonly minAgreement: number;
  readonly minAgent: string;
  readonly floorReports: readonly string[];
  readonly isJson: boolean;
};

const options = {
  store: { type: "string" },
  model: { type: "string" },
  version: { type: "string" },
  release: { type: "string" },
  target: { type: "string", default: "any" },
  file: { type: "string", multiple: true },
  images: { type: "string" },
  key: { type: "string", multiple: true },
  "online-key": { type: "string", multiple: true },
  stage: { type: "string", default: "." },
  "min-agreement": { type: "string", default: "0.99" },
  "min-agent": { type: "string", default: "0.1.0" },
  "floor-report": { type: "string", multiple: true },
  json: { type: "boolean", default: false },
} as const;

const usage = [
  "expected: tradewind models publish MODEL.onnx --store URL --model NAME --version V --images DIR --key FAMILY.pem",
  "  [--target any|x64|x64-no-vnni|arm64] [--file TARGET=FILE.onnx]... [--release N] [--online-key O.pem]",
  "  [--min-agreement 0.99] [--min-agent 0.1.0] [--floor-report FILE]... [--stage DIR] [--json]",
].join("\n");

/** What `tradewind models publish` is asked to do, or what is wrong with that. */
export function readPublishAsk(args: string[]): PublishAsk {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  const [path, ...more] = positionals;
  const files = [
    ...(path ? [{ target: readTarget(values.target), path }] : []),
    ...(values.file ?? []).map(readFile),
  ];
  if (files.length === 0 || more.length > 0) throw new TradewindError("request_malformed", usage);
  if (new Set(files.map(({ target }) => target)).size < files.length) {
    throw new TradewindError("parameter_invalid", "two files are for one target");
  }
  const version = required("version", values.version);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(version)) throw invalid("version", version, "such as 2.1.0");
  return {
    ...{ store: required("store", values.store), model: required("model", values.model), version, files },
    release: optionalNumber("release", values.release),
    images: required("images", values.images),
    keys: requiredList("key", values.key),
    onlineKey: listed(values["online-key"]),
    stage: values.stage,
    minAgreement: readShare(values["min-agreement"]),
    minAgent: readAgent(values["min-agent"]),
    floorReports: values["floor-report"] ?? [],
    isJson: values.json,
  };
}

function readFile(text: string): PublishAsk["files"][number] {
  const at = text.indexOf("=");
  if (at > 0 && at < text.length - 1)
    return { target: readTarget(text.slice(0, at)), path: text.slice(at + 1) };
  throw invalid("file", text, `TARGET=FILE.onnx, such as x64=${basename(text)}`);
}

function readTarget(text: string): ArtefactTarget {
  const target = artefactTargets.find((known) => known === text);
  if (target) return target;
  throw invalid("target", text, artefactTargets.join(", "));
}

function readShare(text: string): number {
  const value = Number(text);
  if (/^\d(\.\d{1,6})?$/.test(text) && value <= 1) return Math.round(value * 1_000_000);
  throw invalid("min-agreement", text, "a number from 0 to 1");
}

function readAgent(text: string): string {
  if (/^\d{1,5}\.\d{1,5}\.\d{1,5}$/.test(text)) return text;
  throw invalid("min-agent", text, "a version such as 0.1.0");
}

function invalid(flag: string, text: string, expected: string): TradewindError {
  return new TradewindError("parameter_invalid", `--${flag} is "${text.slice(0, 60)}", expected ${expected}`);
}
