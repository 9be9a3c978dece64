import { isMap, parseDocument } from "yaml";
import { type Config, parseConfig } from "#gateway/config.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type Refusal = { readonly provider: string; readonly until: Date };

/** The configuration with one provider refused for a while, as gateways read it; they end it by themselves. */
export function refuseProvider(text: string, { provider, until }: Refusal, file: string): string {
  const config = parseConfig(text, { file });
  refuseImpossible(config, provider);
  const document = parseDocument(text);
  if (!isMap(document.getIn(["providers", provider], true)))
    throw wrong("the provider is written in a way that only a person can change");
  document.setIn(["providers", provider, "refuseUntil"], until.toISOString());
  const changed = document.toString({ lineWidth: 0 });
  parseConfig(changed, { file });
  return changed;
}

/** What would be left of each route, for whoever wants to know before. */
export function routesWithout({ routes }: Config, provider: string): readonly string[] {
  return routes.flatMap(({ models, failover }) => {
    const members = failover.flat().map((member) => member.provider);
    if (!members.includes(provider)) return [];
    const others = members.filter((name) => name !== provider);
    const whose = models.length > 3 ? `${models.slice(0, 3).join(", ")} and more` : models.join(", ");
    return [`${whose}: ${others.length > 0 ? others.join(", ") : "nobody"} would answer`];
  });
}

/** The models that it may be asked for. */
export function modelsOf({ routes }: Config, provider: string): ReadonlySet<string> {
  const its = routes.filter(({ failover }) => failover.flat().some((member) => member.provider === provider));
  return new Set(its.flatMap(({ models }) => models));
}

function refuseImpossible(config: Config, provider: string): void {
  if (!Object.hasOwn(config.providers, provider))
    throw wrong(`provider "${provider}" is not declared under providers`);
  const [alone] = routesWithout(config, provider).filter((line) => line.endsWith("nobody would answer"));
  if (alone !== undefined)
    throw new TradewindError("forbidden", `${alone}: a drill that must fail shows nothing`, {
      hint: "give the route a second provider first",
    });
  if (routesWithout(config, provider).length === 0)
    throw wrong(`"${provider}" answers in no route, so nothing would be lost`);
}

function wrong(message: string): TradewindError {
  return new TradewindError("parameter_invalid", message);
}
