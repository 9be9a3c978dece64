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

/** Who can answer what is asked; what the model cannot do is told before anything is paid for it. */
export async function findAble(finding: Finding): Promise<readonly Candidate[]> {
  const able = await findCandidates(finding);
  refuseOtherTask(finding, able);
  return able;
}

async function findCandidates({
  route,
  version,
  directory,
  deadline,
}: Finding): Promise<readonly Candidate[]> {
  if (version === undefined) return candidates(route, directory);
  const found = await candidatesOfVersion(route, version, directory, deadline);
  if (found.length === 0 && directory.lastHeard(route.model)) throw unknownVersion(route.model, version);
  return found;
}

function refuseOtherTask({ ask, route, options, directory }: Finding, able: readonly Candidate[]): void {
  const info = able[0]?.model ?? directory.lastHeard(route.model);
  if (!info) return;
  if (options.classes) keptClasses(options.classes, info.names);
  if (info.task === ask.task) return;
  const why = `${route.model} does not ${ask.task}, it does ${info.task}: POST /v1/models/${route.model}/${info.task}`;
  throw new TradewindError("task_unsupported", why);
}
