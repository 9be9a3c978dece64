import { TradewindError } from "#infra/runtime/errors.ts";

/** The protocol's names. */
export type VersionState = "LOADING" | "READY" | "UNLOADING" | "UNAVAILABLE";

/** One line of the repository's index. */
export type IndexEntry = {
  readonly name: string;
  /** Undefined where a model has none that could be named. */
  readonly version: string | undefined;
  readonly state: VersionState;
  /** Why it is not served, or not as it lies in the repository. */
  readonly reason: string | undefined;
};

/** A version that could not be opened, as it was then. */
export type Failure = { readonly version: string; readonly revision: string; readonly error: TradewindError };

/** What is wrong with the files stays wrong until they change; anything else may pass by itself. */
export function isLasting({ code }: TradewindError): boolean {
  return code === "model_unusable" || code === "config_invalid";
}

/** One error about everything that kept a model from being as its owner wants it. */
export function failedLoad(
  name: string,
  problems: readonly { readonly version?: string; readonly error: TradewindError }[],
  serving: readonly { readonly version: string }[],
): TradewindError {
  const told = problems.map(({ version, error: { message } }) =>
    version === undefined ? message : `version ${version}: ${message}`,
  );
  const [first] = problems.map(({ error }) => error);
  const message = `model '${name}' could not be loaded: ${told.join("; ")}${kept(serving)}`;
  const details = first?.hint === undefined ? { cause: first } : { cause: first, hint: first.hint };
  return new TradewindError(first?.code ?? "internal", message, details);
}

function kept(serving: readonly { readonly version: string }[]): string {
  if (serving.length === 0) return "";
  const versions = serving.map(({ version }) => version);
  return versions.length === 1
    ? `; version ${versions[0]} is served as before`
    : `; versions ${versions.join(", ")} are served as before`;
}
