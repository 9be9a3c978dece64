import type { ArtefactTarget } from "#inference/artefacts/artefact.ts";
import type { FailureCause } from "#infra/runtime/devices/words.ts";
import type { ListedArtefact } from "../trust/trusted-list.ts";

/** What this machine is, as far as the choice of a file depends on it. */
export type Machine = {
  readonly target: ArtefactTarget;
  /** Of this program. */
  readonly agent: string;
  /** What a model may take here. */
  readonly memoryMb: number;
};

export type Chosen =
  | { readonly artefact: ListedArtefact }
  | { readonly cause: FailureCause; readonly detail: string };

/** What computes right on each machine, the fastest first. */
const fit: Readonly<Record<ArtefactTarget, readonly ArtefactTarget[]>> = {
  x64: ["x64", "x64-no-vnni", "any"],
  "x64-no-vnni": ["x64-no-vnni", "any"],
  arm64: ["arm64", "any"],
  any: ["any"],
};

/** Of a release's files the one for this machine, or why there is none. */
export function chooseArtefact(files: readonly ListedArtefact[], machine: Machine): Chosen {
  const order = fit[machine.target];
  const suited = files
    .filter(({ about }) => order.includes(about.target))
    .toSorted((one, other) => order.indexOf(one.about.target) - order.indexOf(other.about.target));
  const known = suited.filter(({ about }) => isAtLeast(machine.agent, about.minAgent));
  const artefact = known.find(({ about }) => about.memoryMb <= machine.memoryMb);
  if (artefact) return { artefact };
  const [first] = known.length > 0 ? known : suited;
  if (!first) return { cause: "no_artefact", detail: `there is no file for ${machine.target}` };
  if (known.length === 0)
    return {
      cause: "agent_too_old",
      detail: `it takes an agent of ${first.about.minAgent}, this is ${machine.agent}`,
    };
  return {
    cause: "too_large",
    detail: `it takes ${first.about.memoryMb} MB, models may have ${machine.memoryMb} here`,
  };
}

/** Of versions as `1.2.3`. */
export function isAtLeast(version: string, least: string): boolean {
  const [ours, theirs] = [numbers(version), numbers(least)];
  for (let at = 0; at < 3; at += 1) {
    const difference = (ours[at] ?? 0) - (theirs[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function numbers(version: string): readonly number[] {
  return version.split(/[.+-]/).slice(0, 3).map(Number);
}
