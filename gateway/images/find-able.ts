import type { ImageOptions } from "#inference/image-api/read-options.ts";
import { refuseUnable } from "#inference/image-api/refuse-unable.ts";
import type { Deadline } from "#infra/runtime/deadline.ts";
import { type AbleBackends, ableBackends, ableBackendsOfVersion } from "../fleet/able-backends.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Route } from "../fleet/snapshot.ts";
import { unknownVersion } from "./find-route.ts";
import type { ImageAsk } from "./image-ask.ts";

export type Finding = {
  readonly ask: ImageAsk;
  readonly route: Route;
  readonly version: string | undefined;
  readonly options: ImageOptions;
  readonly directory: Directory;
  readonly deadline: Deadline;
};

/** Who can answer what is asked; what the model cannot do is told before anything is paid for it. */
export function findAble(finding: Finding): AbleBackends | Promise<AbleBackends> {
  const { version, route, directory } = finding;
  if (version !== undefined) return findPinned(finding, version);
  const found = ableBackends(route, directory);
  // What a model answered is in the cache even while nobody has it.
  return checked(finding, found.expected ? found : { ...found, expected: directory.lastHeard(route.model) });
}

function checked(finding: Finding, able: AbleBackends): AbleBackends {
  const { ask, route, options } = finding;
  if (able.expected) refuseUnable({ model: route.model, task: ask.task, options }, able.expected);
  return able;
}

async function findPinned(finding: Finding, version: string): Promise<AbleBackends> {
  const { route, directory, deadline } = finding;
  const heard = directory.lastHeard(route.model);
  const found = await ableBackendsOfVersion(route, version, directory, deadline);
  if (found.expected) return checked(finding, found);
  // Nobody is there who has it, which is no reason to say that it does not exist.
  if (heard && !heard.versions.includes(version)) throw unknownVersion(route.model, version);
  return checked(finding, { ...found, expected: heard && { ...heard, version } });
}
