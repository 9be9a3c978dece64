import { TradewindError } from "#infra/runtime/errors.ts";
import type { Face } from "./face.ts";
import { tensorSuffix } from "./faces/tensor-face.ts";
import { shown } from "./models/repository/model-name.ts";
import type { Repository } from "./models/repository/model-repository.ts";
import type { OpenModel } from "./open-model.ts";

export type Models = Pick<
  Repository<OpenModel>,
  "lease" | "versions" | "serving" | "index" | "load" | "unload" | "ready"
>;

/** A model that a request holds by one of its names until it is disposed. */
export type FaceLease = Disposable & {
  readonly model: OpenModel;
  /** What the model is under this name. */
  readonly face: Face;
  /** All versions in service, lowest first. */
  readonly versions: readonly string[];
  /** The face that takes these inputs: a caller who sends the graph's own tensors need not know the other name. */
  readonly faceFor: (inputs: readonly string[]) => Face;
};

/** Finds what a name in a path stands for. Throws `model_unknown`, and `model_not_ready` for one that is not loaded. */
export function leaseFace(models: Models, name: string, version: string | undefined): FaceLease {
  const whole = attempt(() => models.lease(name, version));
  if (whole.lease) {
    const { image, tensor } = whole.lease.loaded.faces;
    const faceFor = (inputs: readonly string[]): Face =>
      image && isGraphs(tensor, inputs) && !isGraphs(image, inputs) ? tensor : (image ?? tensor);
    return held(whole.lease, models.versions(name), image ?? tensor, faceFor);
  }
  const owner = ownerOf(name);
  const lease = owner === undefined ? undefined : attempt(() => models.lease(owner, version)).lease;
  if (!lease) throw notFound(name, version, whole.error);
  const { image, tensor } = lease.loaded.faces;
  if (image) return held(lease, models.versions(owner ?? name), tensor, () => tensor);
  lease[Symbol.dispose]();
  throw notFound(name, version, whole.error);
}

/** Triton's clients tell this from other refusals by how the sentence begins. */
function notFound(name: string, version: string | undefined, cause: unknown): TradewindError {
  const which = version === undefined ? "" : ` version '${shown(version)}'`;
  const message = `Request for unknown model: '${shown(name)}'${which} is not found`;
  return new TradewindError("model_unknown", message, { cause });
}

/** The model that the repository knows behind either of its names. */
export function ownerOf(name: string): string | undefined {
  return name.endsWith(tensorSuffix) && name.length > tensorSuffix.length
    ? name.slice(0, -tensorSuffix.length)
    : undefined;
}

type RepositoryLease = ReturnType<Models["lease"]>;

function held(
  lease: RepositoryLease,
  versions: readonly string[],
  face: Face,
  faceFor: FaceLease["faceFor"],
): FaceLease {
  return { model: lease.loaded, face, versions, faceFor, [Symbol.dispose]: () => lease[Symbol.dispose]() };
}

function isGraphs({ inputs }: Face, given: readonly string[]): boolean {
  return given.length > 0 && given.every((name) => inputs.some((input) => input.name === name));
}

/** Only a model that is not there sends us to look under its other name. */
function attempt(
  lease: () => RepositoryLease,
): { readonly lease: RepositoryLease } | { readonly lease?: undefined; readonly error: unknown } {
  try {
    return { lease: lease() };
  } catch (error) {
    if (error instanceof TradewindError && error.code === "model_unknown") return { error };
    throw error;
  }
}
