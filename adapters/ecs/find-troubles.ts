import type { ServiceEvent, Task } from "@aws-sdk/client-ecs";
import type { Trouble } from "../control.ts";
import { deniedAction, quotaNamed } from "./translate-errors.ts";

export type Heard = {
  readonly events: readonly ServiceEvent[];
  readonly stopped: readonly Task[];
  readonly now: number;
};

/** As long as ECS itself remembers a task that it stopped. */
const lateMs = 3_600_000;
const mostTold = 20;

/** What the service could not do within the last hour, the newest first, each once. */
export function findTroubles({ events, stopped, now }: Heard): readonly Trouble[] {
  const told = [...events.flatMap(ofEvent), ...stopped.flatMap(ofTask)]
    .filter(({ at }) => at === undefined || now - at < lateMs)
    .sort((a, b) => (b.at ?? 0) - (a.at ?? 0));
  const seen = new Set<string>();
  return told
    .filter(({ kind, message }) => {
      const key = `${kind} ${message}`;
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, mostTold);
}

function ofEvent({ message = "", createdAt }: ServiceEvent): readonly Trouble[] {
  if (!/unable|unhealthy|fail|error|interrupt|rate exceeded|not authorized|limit|insufficient/i.test(message))
    return [];
  return [told(message, createdAt)];
}

/** The service's own stops are no troubles. */
const peaceful: ReadonlySet<string> = new Set(["ServiceSchedulerInitiated", "UserInitiated"]);

function ofTask({ stopCode, stoppedReason = "", stoppedAt, containers = [] }: Task): readonly Trouble[] {
  const isPeaceful = stopCode !== undefined && peaceful.has(stopCode) && !/health check/i.test(stoppedReason);
  if (stoppedReason === "" || isPeaceful) return [];
  const inside = containers.find(({ reason }) => reason !== undefined)?.reason;
  const { kind, name, message, at } = told(stoppedReason, stoppedAt);
  const more = inside === undefined || message.includes(inside) ? message : `${message} (${inside})`;
  const isSpot = stopCode === "SpotInterruption";
  return [
    {
      kind: isSpot ? "capacity" : (kindOf(more) ?? kind),
      name: isSpot ? "Spot" : name,
      message: short(more),
      at,
    },
  ];
}

function told(message: string, when: Date | undefined): Trouble {
  const kind = kindOf(message) ?? "other";
  return { kind, name: nameOf(kind, message), message: short(message), at: when?.getTime() };
}

/** The first that fits: a quota is also why something could not be placed. */
const kinds: readonly (readonly [Trouble["kind"], RegExp])[] = [
  ["quota", /reached the limit on|quota|limit ?exceeded|max(imum)? number of/i],
  ["permission", /not authorized|AccessDenied|unable to assume/i],
  ["image", /CannotPullContainer|CannotPullImage|manifest|pull access denied|no such image/i],
  [
    "capacity",
    /unable to place|RESOURCE:|capacity is unavailable|insufficient|Spot|no container instance|HostEC2|Host EC2/i,
  ],
  [
    "health",
    /health check|unhealthy|Essential container|CannotStartContainer|OutOfMemory|TaskFailedToStart/i,
  ],
];

function kindOf(message: string): Trouble["kind"] | undefined {
  return kinds.find(([, pattern]) => pattern.test(message))?.[0];
}

/** The quota, the action, or what of a machine there is too little of. */
function nameOf(kind: Trouble["kind"], message: string): string | undefined {
  if (kind === "quota") return quotaNamed(message);
  if (kind === "permission") return deniedAction(message);
  if (kind !== "capacity") return undefined;
  return /RESOURCE:[A-Z]{2,20}/.exec(message)?.[0] ?? (/spot/i.test(message) ? "Spot" : undefined);
}

function short(message: string): string {
  return message.slice(0, 500);
}
