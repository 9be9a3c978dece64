import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import { hostOfAddress } from "../host-of-address.ts";
import type { Settings } from "./settings.ts";

const text = z.string().max(1_024);

const endpoint = z.object({
  addresses: z.array(text).max(100),
  conditions: z.object({ ready: z.boolean().nullish(), terminating: z.boolean().nullish() }).nullish(),
  targetRef: z.object({ name: text.nullish() }).nullish(),
});

const schema = z.object({
  metadata: z.object({ name: text.min(1), resourceVersion: text.nullish() }),
  addressType: z.string().max(20),
  endpoints: z.array(endpoint).max(1_000).nullish(),
  ports: z
    .array(z.object({ name: text.nullish(), port: z.int().min(1).max(65_535).nullish() }))
    .max(100)
    .nullish(),
});

/** What is used of an endpoint slice. */
export type Slice = z.output<typeof schema>;

/** Whether it came from the SDK or from a line of a watch: nothing of it is believed before it was looked at. */
export function readSlice(given: unknown): Slice {
  const { data, error } = schema.safeParse(given);
  if (data) return data;
  throw new TradewindError("provider_answer_invalid", "the API server told of a slice that is none", {
    cause: error,
  });
}

export type PodState = "ready" | "unready" | "leaving";

/** One pod as its service sees it. */
export type Pod = {
  readonly url: string;
  readonly at: string;
  readonly name: string;
  readonly state: PodState;
};

/** The pods of a service's slices, each once: one that has an address of each family is taken by the older one. */
export function podsOf(
  slices: readonly Slice[],
  settings: Pick<Settings, "port" | "scheme">,
): readonly Pod[] {
  const pods = new Map<string, Pod>();
  for (const slice of slices.toSorted(byFamilyThenName)) {
    for (const pod of podsIn(slice, settings)) {
      // In the middle of a move between slices a pod may stand in both.
      if (pods.get(pod.name)?.state !== "ready") pods.set(pod.name, pod);
    }
  }
  return [...pods.values()];
}

function podsIn(slice: Slice, { port, scheme }: Pick<Settings, "port" | "scheme">): Pod[] {
  const number = portOf(slice, port);
  if (number === undefined) return [];
  return (slice.endpoints ?? []).flatMap(({ addresses, conditions, targetRef }) => {
    const [at = ""] = addresses;
    const host = hostOfAddress(at);
    if (host === undefined) return [];
    const name = nameOf(targetRef?.name ?? at);
    return [{ url: `${scheme}://${host}:${number}`, at, name, state: stateOf(conditions) }];
  });
}

function byFamilyThenName(one: Slice, other: Slice): number {
  const key = ({ addressType, metadata }: Slice): string => `${addressType} ${metadata.name}`;
  return key(one) < key(other) ? -1 : 1;
}

function portOf({ ports }: Slice, wanted: Settings["port"]): number | undefined {
  if (typeof wanted === "number") return wanted;
  const named = ports?.find(({ name }) => name === (wanted ?? "http"));
  const only = wanted === undefined && ports?.length === 1 ? ports[0] : undefined;
  return named?.port ?? only?.port ?? undefined;
}

/** What is not said is true of readiness, and false of leaving, as the API has it. */
function stateOf(conditions: NonNullable<Slice["endpoints"]>[number]["conditions"]): PodState {
  if (conditions?.terminating === true) return "leaving";
  return conditions?.ready === false ? "unready" : "ready";
}

/** The end of a pod's name is its own; what is before it is shared by all of them. */
function nameOf(name: string): string {
  return name
    .replace(/[^A-Za-z0-9._-]/g, "-")
    .slice(-63)
    .replace(/^[^A-Za-z0-9]+/, "");
}
