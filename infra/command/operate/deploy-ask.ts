import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type DeployAsk = {
  readonly image: string;
  /** Of providers that have a registry of their own. */
  readonly images: Readonly<Record<string, string>>;
  readonly models: string | undefined;
  readonly providers: readonly string[] | undefined;
  readonly note: string;
  /** Promoted as soon as it stands, whatever would be measured. */
  readonly isNow: boolean;
  readonly isDetached: boolean;
  readonly isDry: boolean;
  readonly isJson: boolean;
};

const options = {
  image: { type: "string" },
  "image-at": { type: "string", multiple: true },
  models: { type: "string" },
  providers: { type: "string" },
  note: { type: "string", default: "" },
  now: { type: "boolean", default: false },
  detach: { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const usage =
  "expected: tradewind deploy --image NAME@sha256:... [--image-at PROVIDER=NAME@sha256:...]... [--models SOURCE] [--providers a,b] [--note TEXT] [--now] [--detach] [--dry-run] [--json]";

/** What `tradewind deploy` is asked to do, or what is wrong with that. */
export function readDeployAsk(args: string[]): DeployAsk {
  const { values } = readFlags({ args, options });
  const { image, models, note, now: isNow, detach: isDetached, json: isJson } = values;
  if (image === undefined) throw new TradewindError("request_malformed", usage);
  if (note.length > 400) throw wrong("--note: expected 400 characters at most");
  if (isNow && isDetached)
    throw wrong("--now and --detach: what skips the gates is watched to its end, so expected one of them");
  if (models !== undefined && (models.trim() === "" || models.length > 2_000))
    throw wrong("--models: expected a folder or an address, such as s3://bucket/models");
  return {
    image: digested("--image", image),
    images: Object.fromEntries((values["image-at"] ?? []).map(readImageAt)),
    ...{ models, providers: namesIn(values.providers) },
    note: isNow ? `gates skipped by --now. ${note}`.trim() : note,
    ...{ isNow, isDetached, isDry: values["dry-run"], isJson },
  };
}

function readImageAt(given: string): readonly [provider: string, image: string] {
  const [, provider, image] = /^([^=]{1,64})=(.+)$/.exec(given) ?? [];
  if (provider === undefined || image === undefined)
    throw wrong("--image-at: expected PROVIDER=NAME@sha256:...");
  return [provider, digested("--image-at", image)];
}

/** A tag may mean something else tomorrow, and at the next provider already. */
function digested(flag: string, image: string): string {
  if (/^[^\s@]{1,1000}@sha256:[0-9a-f]{64}$/.test(image)) return image;
  throw wrong(`${flag}: expected an image by its digest, NAME@sha256:..., got "${image.slice(0, 80)}"`);
}

function namesIn(given: string | undefined): readonly string[] | undefined {
  if (given === undefined) return undefined;
  const names = given.split(",").map((name) => name.trim());
  if (names.includes("") || names.length > 100) throw wrong("--providers: expected names such as a,b");
  return names;
}

function wrong(message: string): TradewindError {
  return new TradewindError("parameter_invalid", message);
}
