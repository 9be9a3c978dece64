import { askArm } from "../azure/ask-arm.ts";
import { completeOperation, type LongChange } from "../azure/complete-operation.ts";
import type { Changing } from "../control.ts";
import type { Surroundings } from "../surroundings.ts";
import type { AppPatch } from "./app-patch.ts";
import { type ContainerApps, callOf } from "./container-apps.ts";
import { hideValues } from "./hide-values.ts";
import type { Settings } from "./settings.ts";

/** Every call that changes something at Container Apps, each through the hand. */
export type AppChanges = {
  readonly patch: (patch: AppPatch, changing: Changing) => Promise<void>;
  readonly activate: (revision: string, changing: Changing) => Promise<void>;
  readonly deactivate: (revision: string, changing: Changing) => Promise<void>;
};

export function openChanges(
  { client }: ContainerApps,
  { resourceGroup, app, region: location, pollEvery: updateIntervalInMs }: Settings,
  surroundings: Surroundings,
): AppChanges {
  const { containerApps, containerAppsRevisions } = client;
  const turn = async (action: "activate" | "deactivate", revision: string, { hand, signal }: Changing) => {
    const call = callOf(`revisions/${action}/action`, signal);
    const make = () =>
      askArm(call, () =>
        containerAppsRevisions[`${action}Revision`](resourceGroup, app, revision, { abortSignal: signal }),
      );
    await hand.change({ action: call.action, request: { app, revision } }, make, undefined);
  };
  return {
    patch: async (patch, { hand, signal }) => {
      const { restorePoller } = await import("@azure/arm-appcontainers");
      const call = callOf("write", signal);
      const ending = { abortSignal: signal, updateIntervalInMs };
      const operation: LongChange = {
        begin: () => containerApps.update(resourceGroup, app, { location, ...patch }, ending),
        resume: (state) => restorePoller(client, state, containerApps.update, ending),
      };
      const make = () => completeOperation(call, surroundings, operation);
      await hand.change(
        { action: call.action, request: { app, location, ...hideValues(patch) } },
        make,
        undefined,
      );
    },
    activate: (revision, changing) => turn("activate", revision, changing),
    deactivate: (revision, changing) => turn("deactivate", revision, changing),
  };
}
