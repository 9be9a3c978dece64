import type { AppServicePlan, RampUpRule, Site, SiteConfigResource } from "@azure/arm-appservice";
import { askArm } from "../azure/ask-arm.ts";
import { completeOperation, type LongChange } from "../azure/complete-operation.ts";
import type { Changing } from "../control.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Settings } from "./settings.ts";
import { callOf, type WebApps } from "./web-apps.ts";

/** Every call that changes something at App Service, each through the hand. */
export type AppChanges = {
  readonly writePlan: (plan: AppServicePlan, changing: Changing) => Promise<void>;
  readonly writeConfig: (config: SiteConfigResource, changing: Changing) => Promise<void>;
  readonly reroute: (rules: readonly RampUpRule[] | undefined, changing: Changing) => Promise<void>;
  /** `told` is the same with what nobody is to see left out. */
  readonly writeSlot: (site: Site, told: Site, changing: Changing) => Promise<void>;
  readonly startSlot: (changing: Changing) => Promise<void>;
  readonly stopSlot: (changing: Changing) => Promise<void>;
  readonly swap: (changing: Changing) => Promise<void>;
};

type Ending = { readonly abortSignal: AbortSignal; readonly updateIntervalInMs: number };

export function openChanges({ client }: WebApps, settings: Settings, surroundings: Surroundings): AppChanges {
  const { webApps, appServicePlans } = client;
  const { resourceGroup, app, slot, plan, pollEvery } = settings;
  const change = makeChange(pollEvery);
  const operate = makeOperation(client, pollEvery, surroundings);
  const writeConfig: AppChanges["writeConfig"] = (config, changing) =>
    change("sites/config/write", { app, ...config }, changing, (ending) =>
      webApps.updateConfiguration(resourceGroup, app, config, ending),
    );
  return {
    writeConfig,
    reroute: async (rules, changing) => {
      if (rules) await writeConfig({ experiments: { rampUpRules: [...rules] } }, changing);
    },
    writePlan: (body, changing) =>
      operate("serverfarms/write", { plan, ...body }, changing, appServicePlans.createOrUpdate, (ending) =>
        appServicePlans.createOrUpdate(resourceGroup, plan, body, ending),
      ),
    writeSlot: (site, told, changing) =>
      operate("sites/slots/write", { app, slot, ...told }, changing, webApps.createOrUpdateSlot, (ending) =>
        webApps.createOrUpdateSlot(resourceGroup, app, slot, site, ending),
      ),
    startSlot: (changing) =>
      change("sites/slots/start/action", { app, slot }, changing, (ending) =>
        webApps.startSlot(resourceGroup, app, slot, ending),
      ),
    stopSlot: (changing) =>
      change("sites/slots/stop/action", { app, slot }, changing, (ending) =>
        webApps.stopSlot(resourceGroup, app, slot, ending),
      ),
    swap: (changing) =>
      operate(
        "sites/slots/slotsswap/action",
        { app, slot, ...swapped },
        changing,
        webApps.swapSlot,
        (ending) => webApps.swapSlot(resourceGroup, app, slot, swapped, ending),
      ),
  };
}

const swapped = { targetSlot: "production", preserveVnet: true };

type Change = (
  action: string,
  request: unknown,
  changing: Changing,
  make: (ending: Ending) => PromiseLike<unknown>,
) => Promise<void>;

/** Changes that are made when they are answered. */
function makeChange(updateIntervalInMs: number): Change {
  return async (action, request, { hand, signal }, make) => {
    const call = callOf(action, signal);
    const ending = { abortSignal: signal, updateIntervalInMs };
    await hand.change({ action: call.action, request }, () => askArm(call, () => make(ending)), undefined);
  };
}

type Resume = Parameters<typeof import("@azure/arm-appservice")["restorePoller"]>[2];

type Operate = (
  action: string,
  request: unknown,
  changing: Changing,
  resumes: Resume,
  begin: (ending: Ending) => ReturnType<LongChange["begin"]>,
) => Promise<void>;

/** Changes that go on after they were taken. */
function makeOperation(
  client: WebApps["client"],
  updateIntervalInMs: number,
  surroundings: Surroundings,
): Operate {
  return async (action, request, { hand, signal }, resumes, begin) => {
    const { restorePoller } = await import("@azure/arm-appservice");
    const call = callOf(action, signal);
    const ending = { abortSignal: signal, updateIntervalInMs };
    const operation: LongChange = {
      begin: () => begin(ending),
      resume: (state) => restorePoller(client, state, resumes, ending),
    };
    const make = () => completeOperation(call, surroundings, operation);
    await hand.change({ action: call.action, request }, make, undefined);
  };
}
