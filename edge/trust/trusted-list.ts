import type { ModelArtefact, Revocations } from "#inference/artefacts/artefact.ts";

/** A file of the repository as the signed lists describe it. */
export type ListedFile = {
  /** As signed. */
  readonly path: string;
  /** Where an origin has it: under `targets/`, with its hash in its name. */
  readonly address: string;
  readonly bytes: number;
  readonly sha256: string;
};

export type ListedArtefact = ListedFile & { readonly about: ModelArtefact };

/** What the newest verified lists say. Plain data. */
export type TrustedList = {
  readonly artefacts: readonly ListedArtefact[];
  readonly revocations: readonly Revocations[];
  /** Golden inputs and block lists, by path. */
  readonly companions: ReadonlyMap<string, ListedFile>;
  /** Milliseconds since 1970: after it updates rest, answers never. */
  readonly expiresAtMs: number;
  /** Of the two lists in which all that is newer shows. */
  readonly versions: { readonly root: number; readonly timestamp: number };
  /** Ed25519 public keys (hex) of the online role, by key id: they sign plans. */
  readonly onlineKeys: ReadonlyMap<string, string>;
};

export type Trust = {
  /** Undefined before the first refresh that held. */
  readonly list: () => TrustedList | undefined;
  /** Asks for newer lists, verifies and keeps them; what does not hold is an error and changes nothing. */
  readonly refresh: (options: { readonly signal: AbortSignal }) => Promise<TrustedList>;
};
