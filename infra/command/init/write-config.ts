import { findPrice, usdPerSecondOf } from "#adapters/price-book.ts";
import type { FoundService } from "#adapters/survey.ts";

export type Discovery = {
  readonly services: readonly FoundService[];
  /** What they all have, as far as they could be asked. */
  readonly models: readonly string[];
  /** The day, for the heading. */
  readonly on: string;
  /** Those, by their ids, that may be let in by a signature. */
  readonly unsigned?: ReadonlySet<string>;
};

/** A configuration with everything that was found, with a comment wherever a person has to decide or to check. */
export function writeConfig({ services, models, on, unsigned }: Discovery): string {
  const named = nameAll(services);
  return [
    `# Written by tradewind init on ${on} from what the clouds said. Nothing was changed there.`,
    "# Check what has a question mark, then: tradewind config check",
    "models:",
    ...(models.length > 0
      ? models.map((model) => `  ${model}: { source: "?", task: detect } # ? where the weights lie`)
      : ['  my-model: { source: "?", task: detect } # ? no service could be asked which models it has']),
    "",
    "providers:",
    ...named.flatMap((service) => [...entry(service), ...(unsigned?.has(service.id) ? [signLine] : [])]),
    "",
    "routes:",
    `  - models: [${(models.length > 0 ? models : ["my-model"]).join(", ")}]`,
    "    slo: 1s # ? what a request may take",
    "    objective: balanced # cost | balanced | latency",
    `    failover: ${groupsOf(named)}`,
    "",
  ].join("\n");
}

const signLine =
  "    # sign: { secret: { env: TRADEWIND_CALL_SECRET } } # ? it answered 401, as backends with --signed-calls do";

export type NamedService = FoundService & { readonly id: string };

/** Its own name, with the kind or a number behind it where two are called alike. */
export function nameAll(services: readonly FoundService[]): readonly NamedService[] {
  const used = new Set<string>();
  return services.map((service) => {
    const plain = plainOf(service.name);
    const wanted = [plain, plainOf(`${plain}-${service.kind}`)];
    let id = wanted.find((one) => !used.has(one));
    for (let number = 2; id === undefined; number += 1) {
      const numbered = `${plain.slice(0, 50)}-${service.kind}-${number}`;
      if (!used.has(numbered)) id = numbered;
    }
    used.add(id);
    return { ...service, id };
  });
}

function plainOf(name: string): string {
  const plain = name
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 60);
  return plain === "" ? "service" : plain;
}

function entry({ id, kind, settings, notes, ...costs }: NamedService): string[] {
  return [
    ...notes.map((note) => `  # ${oneLine(note)}`),
    `  ${id}:`,
    `    kind: ${kind}`,
    ...Object.entries(settings).map(([key, value]) => `    ${key}: ${scalar(value)}`),
    ...priceLines(costs),
  ];
}

function priceLines({ price, isProvisioned }: Pick<FoundService, "price" | "isProvisioned">): string[] {
  const known = price === undefined ? undefined : findPrice(price);
  const perSecond = known && usdPerSecondOf(known);
  if (known && perSecond !== undefined) {
    const hourly = (perSecond * 3_600).toPrecision(4);
    return [`    price: ${known.name} # $${Number(hourly)} an hour (${oneLine(known.source)})`];
  }
  const why = known ? `the price book knows no price for ${known.name}` : "nothing says what it costs";
  return isProvisioned
    ? [`    # usdPerHour: 1.00 # ? ${why}; without one it is in no sum`]
    : [`    usdPerHour: 1.00 # ? ${why}: put in what an instance costs`];
}

/** Those with a GPU answer first, and processors stand behind them, cheapest kind of failover there is. */
function groupsOf(named: readonly NamedService[]): string {
  const groups = [named.filter(({ hasGpu }) => hasGpu), named.filter(({ hasGpu }) => !hasGpu)];
  const written = groups
    .filter((group) => group.length > 0)
    .map((group) => `[${group.map(({ id }) => id).join(", ")}]`);
  return `[${written.join(", ")}] # ? the first group answers, the others when it cannot`;
}

/** What a cloud lets people write may have line breaks and worse. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").slice(0, 200);
}

function scalar(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  return /^[A-Za-z][A-Za-z0-9._/:-]*$/.test(value) && !/^(true|false|yes|no|on|off|null)$/i.test(value)
    ? value
    : JSON.stringify(value);
}
