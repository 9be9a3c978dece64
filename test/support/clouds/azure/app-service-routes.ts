import { setTimeout as sleep } from "node:timers/promises";
import type { ArmRoute } from "./arm-server.ts";
import { type ArmAnswer, armError, webError } from "./fault-answers.ts";
import type { Operations } from "./operations.ts";
import { newSite, type PlanState, type SiteBody, type WebApp, type WebSite } from "./web-app.ts";
import { configAnswer, instanceBody, planBody, siteBody, type WebPlace } from "./web-bodies.ts";

export const webVersion = "2025-05-01";

export type WebRoutesOptions = WebPlace & {
  readonly operations: Operations;
  readonly settleMs: number;
  /** Of the API, which is known only when it stands. */
  readonly origin: () => string;
  /** A slot's address, made when the slot is. */
  readonly openFront: (site: WebSite) => Promise<void>;
};

const sites = "/resourceGroups/{group}/providers/Microsoft.Web/sites/{app}";
const slots = `${sites}/slots/{slot}`;
const plans = "/resourceGroups/{group}/providers/Microsoft.Web/serverfarms/{plan}";

/** What App Service answers, as its API of this version does; a site's settings are answered to none but who may list them. */
export function appServiceRoutes(options: WebRoutesOptions): readonly ArmRoute[] {
  const { app, operations, settleMs, openFront } = options;
  const on = siteFinder(options);
  const later = laterAnswer(options);
  const instances = (site: WebSite): ArmAnswer => ({
    status: 200,
    body: { value: site.runs.instances.map((one) => instanceBody(one.id, one.state())), nextLink: null },
  });
  const settings = ({ runs }: WebSite): ArmAnswer => ({ status: 200, body: { properties: runs.settings } });
  return [
    ...surveyRoutes(options),
    route(
      "GET",
      sites,
      "sites/read",
      on.production((site) => ({ status: 200, body: siteBody(site, options) })),
    ),
    route(
      "GET",
      slots,
      "sites/slots/read",
      on.slot((site) => ({ status: 200, body: siteBody(site, options) })),
    ),
    route(
      "GET",
      `${sites}/config/web`,
      "sites/config/read",
      on.production((site) => configAnswer(site, app)),
    ),
    route(
      "GET",
      `${sites}/config/slotConfigNames`,
      "sites/config/read",
      on.production(() => ({
        status: 200,
        body: { properties: { appSettingNames: app.sticky, connectionStringNames: null } },
      })),
    ),
    route("POST", `${sites}/config/appsettings/list`, "sites/config/list/action", on.production(settings)),
    route("POST", `${slots}/config/appsettings/list`, "sites/slots/config/list/action", on.slot(settings)),
    route("GET", `${sites}/instances`, "sites/instances/read", on.production(instances)),
    route("GET", `${slots}/instances`, "sites/slots/instances/read", on.slot(instances)),
    route(
      "GET",
      plans,
      "serverfarms/read",
      on.plan(() => ({ status: 200, body: planBody(options) })),
    ),
    {
      ...route(
        "PATCH",
        `${sites}/config/web`,
        "sites/config/write",
        on.production((site, body) => {
          patchConfig(site, app, body);
          return configAnswer(site, app);
        }),
      ),
      body: "siteConfigResourceSerializer",
    },
    {
      ...route(
        "PUT",
        plans,
        "serverfarms/write",
        on.plan((_plan, body) =>
          later("serverfarms", async () => {
            app.plan.changing = true;
            await sleep(settleMs);
            app.plan.sku = (body as { readonly sku: PlanState["sku"] }).sku;
            app.plan.changing = false;
            app.reconcile();
            return { status: 200, body: planBody(options) };
          }),
        ),
      ),
      body: "appServicePlanSerializer",
    },
    {
      ...route("PUT", slots, "sites/slots/write", ({ names, body }) => {
        const site = app.slots.get(names.slot ?? "") ?? newSite(names.slot ?? "");
        return later("slots", async () => {
          await sleep(settleMs);
          if (!app.slots.has(site.name)) await openFront(site);
          app.slots.set(site.name, site);
          app.write(site, body as SiteBody);
          return { status: 200, body: siteBody(site, options) };
        });
      }),
      body: "siteSerializer",
    },
    {
      ...route(
        "POST",
        `${slots}/slotsswap`,
        "sites/slots/slotsswap/action",
        on.slot((site, body) => {
          if (body.targetSlot !== "production")
            return webError(400, "BadRequest", "targetSlot is not production");
          if (site.operation)
            return webError(
              409,
              "Conflict",
              "Cannot modify this site because another operation is in progress.",
            );
          return later("slots", () => app.swap(site));
        }),
      ),
      body: "csmSlotEntitySerializer",
    },
    route(
      "POST",
      `${slots}/start`,
      "sites/slots/start/action",
      on.slot((site) => turn(site, app, "Running")),
    ),
    route(
      "POST",
      `${slots}/stop`,
      "sites/slots/stop/action",
      on.slot((site) => turn(site, app, "Stopped")),
    ),
    route("GET", `${slots}/operationresults/{id}`, "sites/slots/operationresults/read", ({ names }) =>
      result(operations.look(names.id ?? "")),
    ),
    route("GET", `${plans}/operationresults/{id}`, "serverfarms/operationresults/read", ({ names }) =>
      result(operations.look(names.id ?? "")),
    ),
  ];
}

/** What whoever looks for apps asks of a subscription; another one has nothing. */
function surveyRoutes(options: WebRoutesOptions): readonly ArmRoute[] {
  const { app, place } = options;
  const list =
    (bodies: () => readonly unknown[]): Answer =>
    ({ names }) => ({
      status: 200,
      body: { value: names.subscription === place.subscription ? bodies() : [], nextLink: null },
    });
  const functions = { ...(siteBody(app.production, options) as object), kind: "functionapp,linux" };
  return [
    route(
      "GET",
      "/providers/Microsoft.Web/sites",
      "sites/read",
      list(() => [functions, siteBody(app.production, options)]),
    ),
    route(
      "GET",
      "/providers/Microsoft.Web/serverfarms",
      "serverfarms/read",
      list(() => [planBody(options)]),
    ),
  ];
}

type Answer = ArmRoute["answer"];

function route(method: ArmRoute["method"], path: string, action: string, answer: Answer): ArmRoute {
  return { method, path, action: `Microsoft.Web/${action}`, answer };
}

type SiteAnswer = (site: WebSite, body: Readonly<Record<string, unknown>>) => ArmAnswer;

type SiteFinder = {
  readonly production: (answer: SiteAnswer) => Answer;
  readonly slot: (answer: SiteAnswer) => Answer;
  readonly plan: (answer: SiteAnswer) => Answer;
};

function siteFinder({ app, planName, place }: WebRoutesOptions): SiteFinder {
  const isHere = (names: Readonly<Record<string, string>>): boolean =>
    names.subscription === place.subscription &&
    names.group === place.resourceGroup &&
    (names.app ?? app.production.name) === app.production.name &&
    (names.plan ?? planName) === planName;
  const missing = (names: Readonly<Record<string, string>>): ArmAnswer =>
    armError(
      404,
      "ResourceNotFound",
      `The Resource 'Microsoft.Web/${Object.values(names).slice(2).join("/")}' under resource group '${names.group}' was not found.`,
    );
  const finding =
    (find: (names: Readonly<Record<string, string>>) => WebSite | undefined) =>
    (answer: SiteAnswer): Answer =>
    ({ names, body }) => {
      const site = isHere(names) ? find(names) : undefined;
      return site ? answer(site, body) : missing(names);
    };
  return {
    production: finding(() => app.production),
    slot: finding((names) => app.slots.get(names.slot ?? "")),
    plan: finding(() => app.production),
  };
}

/** `202` with the address at which the end is told. */
function laterAnswer({ operations, origin, place, app, planName }: WebRoutesOptions) {
  const group = `/subscriptions/${place.subscription}/resourceGroups/${place.resourceGroup}/providers/Microsoft.Web`;
  const folders = {
    slots: `${group}/sites/${app.production.name}/slots/candidate`,
    serverfarms: `${group}/serverfarms/${planName}`,
  };
  return (kind: keyof typeof folders, work: () => Promise<ArmAnswer>): ArmAnswer => {
    const id = operations.begin(work);
    const location = `${origin()}${folders[kind]}/operationresults/${id}?api-version=${webVersion}`;
    return { status: 202, headers: { location } };
  };
}

function result(found: ArmAnswer | "running" | undefined): ArmAnswer {
  if (found === undefined) return armError(404, "NotFound", "no such operation");
  return found === "running" ? { status: 202 } : found;
}

function turn(site: WebSite, app: WebApp, state: WebSite["state"]): ArmAnswer {
  site.state = state;
  app.reconcile();
  return { status: 200 };
}

function patchConfig(site: WebSite, app: WebApp, body: Readonly<Record<string, unknown>>): void {
  const { experiments, ...config } = (body.properties ?? {}) as {
    readonly experiments?: { readonly rampUpRules: WebApp["rules"] };
  };
  site.runs.config = { ...site.runs.config, ...config };
  if (experiments) app.rules = experiments.rampUpRules;
}
