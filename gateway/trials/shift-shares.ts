import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Config, parseConfig, type RouteSettings } from "../config.ts";
import { percent, type Shift, spliceRoute } from "./splice-route.ts";

export type Shifted = {
  /** The configuration with nothing else changed: comments stay where they are. */
  readonly text: string;
  /** The route has all of these, and they are shifted together. */
  readonly models: readonly string[];
  /** What the provider has now. */
  readonly from: Place;
  /** In words. */
  readonly told: string;
};

/** Where a provider stands in a route. */
export type Place =
  | { readonly kind: "nowhere" | "shadow" | "failover" }
  | { readonly kind: "canary"; readonly share: number };

/**
 * Writes a share of a route's requests to a provider. A part of them makes it the route's canary, also where it got copies
 * until now. All of them make it the first group, and whoever was that stands behind it. None takes it out of the trial.
 */
export function shiftShare(text: string, shift: Shift, { file }: { readonly file: string }): Shifted {
  const before = parseConfig(text, { file });
  const place = before.routes.findIndex(({ models }) => models.includes(shift.model));
  const route = before.routes[place];
  if (!route) throw wrong(`no route has the model "${shift.model}"`);
  if (!Object.hasOwn(before.providers, shift.provider))
    throw wrong(`provider "${shift.provider}" is not declared under providers`);
  const from = placeOf(route, shift.provider);
  refuseImpossible(route, shift, from);
  const whole = write(text, place, { ...shift, route });
  const wanted = parseConfig(whole, { file });
  refuseOthers(before, wanted, place);
  const small = spliceRoute(text, place, shift);
  const after = small !== undefined && means(small, wanted, file) ? small : whole;
  return { text: after, models: route.models, from, told: inWords(shift, route) };
}

function means(text: string, wanted: Config, file: string): boolean {
  try {
    return JSON.stringify(parseConfig(text, { file })) === JSON.stringify(wanted);
  } catch {
    return false;
  }
}

function placeOf({ failover, canary, shadow }: RouteSettings, provider: string): Place {
  if (canary?.provider === provider) return { kind: "canary", share: canary.share };
  if (shadow?.provider === provider) return { kind: "shadow" };
  const isInFailover = failover.flat().some((member) => member.provider === provider);
  return { kind: isInFailover ? "failover" : "nowhere" };
}

function refuseImpossible({ canary, models }: RouteSettings, { provider, share }: Shift, from: Place): void {
  if (from.kind === "failover")
    throw wrong(`"${provider}" answers for ${models.join(", ")} as a rule already: change its group by hand`);
  if (from.kind === "nowhere" && share === 0)
    throw wrong(`"${provider}" is neither a canary nor a shadow of ${models.join(", ")}`);
  if (canary && canary.provider !== provider && share > 0)
    throw wrong(
      `${models.join(", ")} has the canary "${canary.provider}": shift that one to 0% or 100% first`,
    );
}

type Writing = Shift & { readonly route: RouteSettings };

function write(text: string, place: number, { provider, share, route }: Writing): string {
  const document = parseDocument(text);
  const at = (...path: readonly (string | number)[]) => ["routes", place, ...path];
  if (!isMap(document.getIn(at(), true)))
    throw wrong("the route is written in a way that only a person can change");
  if (route.shadow?.provider === provider) document.deleteIn(at("shadow"));
  if (share === 0 || share === 1) {
    if (route.canary?.provider === provider) document.deleteIn(at("canary"));
  } else if (isMap(document.getIn(at("canary"), true))) document.setIn(at("canary", "share"), percent(share));
  else document.setIn(at("canary"), document.createNode({ provider, share: percent(share) }, { flow: true }));
  if (share === 1) putFirst(document.getIn(at("failover"), true), provider);
  if (share === 0) leaveOut(document, at("agreement"), provider);
  return document.toString({ lineWidth: 0 });
}

/** As many groups as a route may have. */
const mostGroups = 16;

/** Whoever was first stays behind the new one, for as long as it is down or late. */
function putFirst(failover: unknown, provider: string): void {
  if (!isSeq(failover)) throw wrong("the groups are written in a way that only a person can change");
  if (failover.items.length >= mostGroups) failover.items.pop();
  const group = parseDocument(JSON.stringify([provider])).contents;
  if (isSeq(group) && isScalar(group.items[0])) group.items[0].type = "PLAIN";
  failover.items.unshift(group);
}

type Document = ReturnType<typeof parseDocument>;

/** Who is in the route no more is nobody to compare with. */
function leaveOut(document: Document, at: readonly unknown[], provider: string): void {
  const named = document.getIn([...at, "with"], true);
  if (!isSeq(named)) return;
  named.items = named.items.filter((item) => !(isScalar(item) && item.value === provider));
  if (named.items.length === 0) document.deleteIn([...at, "with"]);
}

/** What one writes may stand for more than it seems to: all but the one route is as it was. */
function refuseOthers(before: Config, after: Config, place: number): void {
  const rest = ({ routes, ...others }: Config): string =>
    JSON.stringify([others, routes.filter((_, index) => index !== place)]);
  if (rest(before) !== rest(after))
    throw wrong("the configuration is written in a way that only a person can change");
}

function inWords({ provider, share }: Shift, { models }: RouteSettings): string {
  const whose = models.length > 3 ? `${models.slice(0, 3).join(", ")} and more` : models.join(", ");
  if (share === 0) return `${provider} is no longer tried for ${whose}`;
  if (share === 1) return `${provider} is the first group of ${whose}, and who was that stands behind it`;
  return `${percent(share)} of ${whose} goes to ${provider}`;
}

function wrong(message: string): TradewindError {
  return new TradewindError("parameter_invalid", message);
}
