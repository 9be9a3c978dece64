import { parseLoadConfig } from "#inference/models/load-override.ts";
import { type ModelSettings, plainSettings } from "#inference/models/model-settings.ts";
import { parseModelYaml } from "#inference/models/model-yaml.ts";
import type { ModelListing, ModelSource } from "./model-source.ts";

/** What `model.yaml` says, or a caller's JSON in its place; pins are the file's in any case. */
export type SettingsReader = (
  listing: ModelListing,
  config: string | undefined,
  signal: AbortSignal,
) => Promise<ModelSettings>;

/** Of one model: the file is read again only when it changed, however often the source is looked at. */
export function createSettingsReader(source: ModelSource): SettingsReader {
  let known: { readonly mark: string; readonly settings: ModelSettings } | undefined;
  const readWritten = async (listing: ModelListing, signal: AbortSignal): Promise<ModelSettings> => {
    const { settings: mark } = listing;
    if (mark === undefined) return plainSettings;
    if (known?.mark === mark) return known.settings;
    const { text, file } = await source.readSettings(listing, { signal });
    const settings = parseModelYaml(text, { file });
    known = { mark, settings };
    return settings;
  };
  return async (listing, config, signal) => {
    const written = await readWritten(listing, signal);
    return config === undefined ? written : parseLoadConfig(config, written.pins);
  };
}
