import {
  type ModelArtefact,
  type Revocations,
  revocationsPath,
  targetCustom,
} from "#inference/artefacts/artefact.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { TargetsList } from "./lists.ts";

/** A file that a family's list names. */
export type ListedTarget = { readonly path: string; readonly bytes: number; readonly sha256: string };

export type ListedModel = ListedTarget & { readonly about: ModelArtefact };

/** What a family's list says, in our words. */
export type FamilyContents = {
  /** The oldest release first. */
  readonly models: readonly ListedModel[];
  readonly companions: ReadonlyMap<string, ListedTarget>;
  readonly revocations: Revocations;
};

/** What is in words that we do not know is passed over; what says something of another family is refused. */
export function readContents(model: string, list: TargetsList): FamilyContents {
  const models: ListedModel[] = [];
  const companions = new Map<string, ListedTarget>();
  let revocations: Revocations = { schema: 1, kind: "revocations", model, sha256: [], below: 0 };
  for (const [path, file] of Object.entries(list.signed.targets)) {
    if (!path.startsWith(`${model}/`)) throw anothers(path);
    const about = targetCustom.safeParse(file.custom);
    if (!about.success) continue;
    const listed = { path, bytes: file.length, sha256: file.hashes.sha256 ?? "" };
    if ("model" in about.data && about.data.model !== model) throw anothers(path);
    if (about.data.kind === "model") models.push({ ...listed, about: about.data });
    else if (about.data.kind !== "revocations") companions.set(path, listed);
    else if (path === revocationsPath(model)) revocations = about.data;
  }
  models.sort((a, b) => a.about.release - b.about.release || (a.path < b.path ? -1 : 1));
  return { models, companions, revocations };
}

export function isRevoked(
  { sha256, about }: Pick<ListedModel, "sha256" | "about">,
  { sha256: hashes, below }: Revocations,
): boolean {
  return about.release < below || hashes.includes(sha256);
}

function anothers(path: string): TradewindError {
  return new TradewindError("repository_refused", `${path} is another model's`);
}
