import { surveys } from "#adapters/surveys.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type InitAsk = {
  readonly regions: readonly string[];
  readonly projects: readonly string[];
  readonly subscriptions: readonly string[];
  /** Other addresses of the clouds' APIs, by kind of provider. */
  readonly api: Readonly<Record<string, string>>;
  readonly file: string;
  readonly isForced: boolean;
  /** Sent once to each service; the demo's own sample where none is named. */
  readonly image: string | undefined;
  readonly model: string | undefined;
  readonly isTried: boolean;
  /** What would be written is printed. */
  readonly isDry: boolean;
  readonly isJson: boolean;
};

const list = { type: "string", multiple: true } as const;

const options = {
  "aws-region": list,
  "gcp-project": list,
  "azure-subscription": list,
  api: list,
  file: { type: "string", default: "tradewind.yaml" },
  image: { type: "string" },
  model: { type: "string" },
  force: { type: "boolean", default: false },
  "no-try": { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

type Env = Readonly<Record<string, string | undefined>>;

/** Where `tradewind init` looks: what its flags name, or what the clouds' own variables do. */
export function readInitAsk(args: string[], env: Env): InitAsk {
  const { values } = readFlags({ args, options });
  const regions = all(values["aws-region"], env.AWS_REGION ?? env.AWS_DEFAULT_REGION);
  const projects = all(values["gcp-project"], env.GOOGLE_CLOUD_PROJECT);
  const subscriptions = all(values["azure-subscription"], env.AZURE_SUBSCRIPTION_ID);
  if (regions.length + projects.length + subscriptions.length === 0)
    throw new TradewindError("request_malformed", "init knows of no cloud to look at", {
      hint: "name one by --aws-region, --gcp-project or --azure-subscription; each may be given several times",
    });
  const { file, image, model, force: isForced, json: isJson } = values;
  const api = Object.fromEntries((values.api ?? []).map(readApi));
  return {
    ...{ regions, projects, subscriptions, api, file, image, model },
    ...{ isForced, isTried: !values["no-try"], isDry: values["dry-run"], isJson },
  };
}

/** By https, since a token goes there; only this machine itself may be asked in the clear. */
function readApi(given: string): readonly [kind: string, url: string] {
  const [, kind = "", url = ""] = /^([a-z-]{1,40})=(.{1,2000})$/.exec(given) ?? [];
  if (Object.hasOwn(surveys, kind) && isSafe(url)) return [kind, url];
  const kinds = Object.keys(surveys).join(", ");
  throw new TradewindError("parameter_invalid", `--api: expected KIND=https://..., with a kind of ${kinds}`);
}

function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  const isHere = hostname === "localhost" || /^127(\.\d+){3}$|^\[::1\]$/.test(hostname);
  return protocol === "https:" || (protocol === "http:" && isHere);
}

function all(given: readonly string[] | undefined, fromEnv: string | undefined): readonly string[] {
  const texts = given ?? (fromEnv === undefined ? [] : [fromEnv]);
  return [...new Set(texts.flatMap((text) => text.split(",")).map((text) => text.trim()))].filter(
    (text) => text !== "",
  );
}
