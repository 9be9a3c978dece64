import type { ProviderSettings } from "#adapters/registry.ts";
import type { Observed } from "#gateway/operations/observe.ts";
import { providerInHand, type Rollout } from "#gateway/operations/rollouts/rollout.ts";
import type { Freeze } from "#gateway/records/freezes.ts";
import { frozenInWords } from "#gateway/records/freezes.ts";
import { type Head, printable, table } from "../explain/table.ts";

/** How the fleet stands, as far as anybody can tell. */
export type FleetSight = {
  readonly providers: readonly ProviderSight[];
  /** Undefined where there are no records. */
  readonly rollouts: readonly Rollout[] | undefined;
  readonly freezes: readonly Freeze[] | undefined;
};

export type ProviderSight = { readonly kind: ProviderSettings["kind"]; readonly observed: Observed };

/** The fleet as a person reads it: its providers, what stands there, and what is under way. */
export function showFleet({ providers, rollouts = [], freezes = [] }: FleetSight): string {
  const revisions = providers.flatMap(revisionRows);
  const parts = [
    [table(providerHead, providers.map(providerRow))],
    revisions.length > 0 ? [table(revisionHead, revisions)] : [],
    providers.flatMap(troubleLines),
    rollouts.flatMap(rolloutLines),
    freezes.map(frozenInWords).map(printable),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

const providerHead: Head = [
  { name: "provider" },
  { name: "kind" },
  { name: "running", isNumber: true },
  { name: "desired", isNumber: true },
  { name: "pending", isNumber: true },
  { name: "bounds" },
  { name: "$ an hour", isNumber: true },
  { name: "priced by" },
  { name: "state" },
];

function providerRow({ kind, observed }: ProviderSight): string[] {
  const { provider, status, price, troubles } = observed;
  const number = (count: number | undefined): string => (count === undefined ? "-" : String(count));
  const { bounds } = status ?? {};
  const usd = price?.usdPerHour;
  return [
    ...[provider, kind, number(status?.running), number(status?.desired), number(status?.pending)],
    bounds ? `${bounds.least}-${bounds.most}` : "-",
    usd === undefined ? "-" : String(Number(usd.toPrecision(4))),
    price?.from ?? "-",
    stateOf(status, troubles),
  ];
}

function stateOf(status: Observed["status"], troubles: Observed["troubles"]): string {
  const [trouble] = troubles;
  if (!status) return trouble ? trouble.message : "not known";
  return status.isSettled ? "settled" : "changing";
}

const revisionHead: Head = [
  { name: "provider" },
  { name: "revision" },
  { name: "role" },
  { name: "image" },
  { name: "share", isNumber: true },
  { name: "running", isNumber: true },
  { name: "state" },
];

function revisionRows({ observed: { provider, status } }: ProviderSight): string[][] {
  return (status?.revisions ?? []).map(({ name, role, image, share, running, state, why }) => [
    ...[provider, name, role, image === undefined ? "-" : shortImage(image)],
    `${Number((100 * share).toPrecision(4))}%`,
    String(running),
    why === undefined ? state : `${state}: ${why}`,
  ]);
}

/** The end of the path, and as much of the digest as tells two apart. */
export function shortImage(image: string): string {
  const [path = "", digest] = image.split("@");
  const name = path.split("/").at(-1) ?? path;
  return digest === undefined ? name : `${name}@${digest.replace("sha256:", "").slice(0, 12)}`;
}

/** What went wrong lately; the newest few of each. */
function troubleLines({ observed: { provider, status, troubles } }: ProviderSight): readonly string[] {
  const unread = status ? troubles.map(({ message }) => `${provider}: ${message}`) : [];
  const told = (status?.troubles ?? []).slice(-3).map(({ kind, name, message, at }) => {
    const when = at === undefined ? "" : ` at ${new Date(at).toISOString()}`;
    return `${provider}: ${kind}${name === undefined ? "" : ` ${name}`}${when}: ${message}`;
  });
  return [...unread, ...told].map(printable);
}

function rolloutLines(rollout: Rollout): readonly string[] {
  const { id, wanted, state, actor, wish } = rollout;
  const { step, since, waiting, back, place } = state;
  const at = `${providerInHand(rollout)} (${place + 1} of ${wanted.providers.length})`;
  return [
    `rollout ${id} of ${shortImage(wanted.image)} by ${actor}: ${step} at ${at} since ${new Date(since).toISOString()}`,
    ...(back === "" ? [] : [`  goes back: ${back}`]),
    ...(waiting === "" ? [] : [`  ${waiting}`]),
    ...(wish ? [`  ${wish.by} wants to ${wish.kind} it`] : []),
  ].map(printable);
}
