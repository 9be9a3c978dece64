import type { Pins } from "#inference/models/model-settings.ts";
import type { ModelFile } from "#inference/models/repository.ts";

/** Where models come from: a folder, a bucket, a single file. Everything it says was bounded and checked by it. */
export type ModelSource = {
  /** Every model, or the one that is named if it is there. */
  readonly list: (options: ListOptions) => Promise<readonly ModelListing[]>;
  /** The text of a listed model's `model.yaml`. */
  readonly readSettings: (model: ModelListing, options: SourceOptions) => Promise<SettingsText>;
  /** All files of a version as they were listed, verified, and kept as they are until it is disposed. */
  readonly fetch: (model: string, version: VersionListing, options: FetchOptions) => Promise<FetchedModel>;
  /** Removes what was fetched once and nobody uses any more. */
  readonly tidy: () => Promise<void>;
};

export type ModelListing = {
  readonly name: string;
  /** Lowest first. */
  readonly versions: readonly VersionListing[];
  /** Changes when `model.yaml` does; undefined where there is none. */
  readonly settings: string | undefined;
  /** Why nothing of it can be served. */
  readonly problem?: string;
};

export type VersionListing = {
  readonly version: string;
  /** Changes when one of its files does. */
  readonly stamp: string;
  readonly files: readonly FileFacts[];
};

/** A file of a version as it was listed. */
export type FileFacts = {
  /** Within the version's folder, with slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Differs when the content does. */
  readonly mark: string;
};

export type SettingsText = {
  readonly text: string;
  /** How messages name it. */
  readonly file: string;
};

export type FetchedModel = AsyncDisposable & { readonly file: ModelFile };

export type SourceOptions = { readonly signal: AbortSignal };

export type ListOptions = SourceOptions & { readonly model?: string };

export type FetchOptions = SourceOptions & {
  /** Where given, only these files are fetched, and they must have these hashes. */
  readonly pins: Pins | undefined;
};

/** More was not put there by a person who knows what is served. */
export const mostModels = 1_000;
export const mostVersions = 1_000;
export const mostFilesOfVersion = 256;
export const defaultMaxBytes = 17_179_869_184;
