import { TradewindError } from "#infra/runtime/errors.ts";
import { upstreamUrl } from "./engine/remote/upstream-http.ts";
import { isModelName, nameRule, shown } from "./models/repository/model-name.ts";
import type { ModelPlace } from "./open-source.ts";

/** The flags that say where models come from, and those that depend on it. */
export type PlaceFlags = {
  readonly models?: string | undefined;
  readonly model?: string | undefined;
  readonly upstream?: string | undefined;
  readonly "upstream-model"?: readonly string[] | undefined;
  readonly "model-settings"?: string | undefined;
  readonly cache?: string | undefined;
  readonly isolate?: boolean | undefined;
  readonly "execution-providers"?: string | undefined;
};

export function readPlace(flags: PlaceFlags): ModelPlace {
  const { models, model, upstream, cache } = flags;
  const given = [models, model, upstream].filter((place) => place !== undefined);
  if (given.length > 1) throw invalid(onePlace);
  if (upstream !== undefined) return readUpstream(upstream, flags);
  refuse(flags, ["upstream-model", "model-settings"], "needs --upstream");
  if (model !== undefined) return { kind: "file", path: model };
  if (models !== undefined) return { kind: "repository", url: models, cache };
  throw invalid(onePlace);
}

const onePlace =
  "give either --models with a folder or a bucket, --model with a file, or --upstream with the address of a server";

function readUpstream(text: string, flags: PlaceFlags): ModelPlace {
  refuse(
    flags,
    ["cache", "isolate", "execution-providers"],
    "says nothing with --upstream: no model is loaded here",
  );
  const { "upstream-model": names, "model-settings": settings } = flags;
  const odd = names?.find((name) => !isModelName(name));
  if (odd !== undefined) throw invalid(`--upstream-model ${shown(odd)}: ${nameRule}`);
  const url = upstreamUrl(text).href.replace(/\/+$/, "");
  return { kind: "upstream", url, models: names && [...new Set(names)], settings };
}

function refuse(flags: PlaceFlags, names: readonly (keyof PlaceFlags)[], why: string): void {
  const given = names.find((name) => flags[name] !== undefined);
  if (given !== undefined) throw invalid(`--${given} ${why}`);
}

function invalid(message: string): TradewindError {
  return new TradewindError("config_invalid", message);
}
