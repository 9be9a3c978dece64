import type { ModelInfo } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Deadline } from "../admission/deadline.ts";
import { type Candidate, candidates, candidatesOfVersion } from "../dispatch/dispatch.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Route } from "../fleet/snapshot.ts";
import { unknownVersion } from "./find-route.ts";
import type { ImageAsk } from "./image-ask.ts";
import { keptClasses } from "./kept-classes.ts";
import type { ImageOptions } from "./read-options.ts";

export type Finding = {
  readonly ask: ImageAsk;
  readonly route: Route;
  readonly version: string | undefined;
  readonly options: ImageOptions;
  readonly directory: Directory;
  readonly deadline: Deadline;
};

export type Able = {
  /** Who can answer, in the order in which they are tried. */
  readonly candidates: readonly Candidate[];
  /** The model that would answer now; what it answered is in the cache even while nobody has it. */
  readonly expected: ModelInfo | undefined;
};

/** Who can answer what is asked; what the model cannot do is told before anything is paid for it. */
export function findAble(finding: Finding): Able | Promise<Able> {
  const { version } = finding;
  if (version !== undefined) return findPinned(finding, version);
  const found = candidates(finding.route, finding.directory);
  return checked(finding, {
    candidates: found,
    expected: found[0]?.model ?? finding.directory.lastHeard(finding.route.model),
  });
}

function checked(finding: Finding, able: Able): Able {
  if (able.expected) refuseOtherTask(finding, able.expected);
  return able;
}

async function findPinned(finding: Finding, version: string): Promise<Able> {
  const { route, directory, deadline } = finding;
  const heard = directory.lastHeard(route.model);
  const found = await candidatesOfVersion(route, version, directory, deadline);
  if (found.length > 0) return checked(finding, { candidates: found, expected: found[0]?.model });
  // Nobody is there who has it, which is no reason to say that it does not exist.
  if (heard && !heard.versions.includes(version)) throw unknownVersion(route.model, version);
  return checked(finding, { candidates: found, expected: heard && { ...heard, version } });
}

function refuseOtherTask({ ask, route, options }: Finding, info: ModelInfo): void {
  if (options.classes) keptClasses(options.classes, info.names);
  if (info.task === ask.task) return;
  const why = `${route.model} does not ${ask.task}, it does ${info.task}: POST /v1/models/${route.model}/${info.task}`;
  throw new TradewindError("task_unsupported", why);
}
