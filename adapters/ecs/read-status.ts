import type { Task } from "@aws-sdk/client-ecs";
import type { ColdStart, ProviderStatus, Revision } from "../control.ts";
import { describe } from "./container.ts";
import type { Desk } from "./desk.ts";
import { findTroubles } from "./find-troubles.ts";
import { readState, type Standing, type State } from "./read-state.ts";
import { readTasks } from "./read-tasks.ts";
import type { Settings } from "./settings.ts";

/** How the service stands, with what its tasks say of cold starts and of what went wrong. */
export async function readStatus(desk: Desk, signal: AbortSignal): Promise<ProviderStatus> {
  const state = await readState(desk, signal);
  const { ecs, settings, clock } = desk;
  const running = await readTasks(ecs, settings, { desiredStatus: "RUNNING", signal });
  const stopped = await readTasks(ecs, settings, { desiredStatus: "STOPPED", signal });
  return {
    ...tellState(state, settings),
    coldStarts: coldStarts([...running, ...stopped]),
    troubles: findTroubles({ events: state.service.events ?? [], stopped, now: clock.now() }),
  };
}

/** What can be told of a service without its tasks. */
export function tellState(
  state: State,
  settings: Pick<Settings, "container" | "endpoints">,
): Omit<ProviderStatus, "coldStarts" | "troubles"> {
  const { service, candidate, phase } = state;
  const { desiredCount = 0, runningCount = 0, pendingCount = 0 } = service;
  const isPaused = phase === "waiting" || phase === "done" || phase === "undone";
  const running = Math.max(0, runningCount - (candidate?.running ?? 0));
  const pending = Math.max(0, pendingCount - (candidate?.pending ?? 0));
  return {
    desired: desiredCount,
    running,
    pending,
    revisions: tellRevisions(state, settings),
    isSettled: isPaused && running === desiredCount && pending === 0,
  };
}

type Told = Pick<Settings, "container" | "endpoints">;

function tellRevisions(state: State, settings: Told): readonly Revision[] {
  const { stable, candidate, undone, isFailure, previous, phase } = state;
  const share = stable.length === 0 ? 1 : 1 / stable.length;
  const tell = (standing: Standing, rest: Rest): Revision => tellRevision(standing, rest, settings);
  const url = settings.endpoints === "tasks" ? undefined : settings.endpoints;
  return [
    ...stable.map((one) =>
      tell(one, { role: "stable", share: one.share ?? share, state: readiness(one), url: url?.url }),
    ),
    ...[candidate ?? []].flat().map((one) =>
      tell(one, {
        role: "candidate",
        share: one.share ?? 0,
        state: phase === "starting" ? "starting" : "ready",
        url: phase === "waiting" ? url?.candidateUrl : undefined,
      }),
    ),
    ...[(isFailure && undone) || []]
      .flat()
      .map((one) => tell(one, { role: "candidate", share: 0, state: "failed", why: whyOf(state) })),
    ...[previous ?? []]
      .flat()
      .map((one) => tell(one, { role: "previous", share: one.share ?? 0, state: "ready" })),
  ];
}

type Rest = Pick<Revision, "role" | "share" | "state"> & {
  readonly url?: string | undefined;
  readonly why?: string | undefined;
};

function tellRevision(standing: Standing, rest: Rest, { container }: Told): Revision {
  const { name, definition, running = 0, pending = 0 } = standing;
  const { url, why, ...others } = rest;
  return { name, ...describe(definition, container), running, pending, url, why, ...others };
}

/** One that nobody wants is as ready as it can be. */
function readiness({ requested = 0, running = 0 }: Standing): Revision["state"] {
  return running > 0 || requested === 0 ? "ready" : "starting";
}

function whyOf({ deployment }: State): string {
  const { statusReason, rollback } = deployment ?? {};
  return (rollback?.reason ?? statusReason ?? "ECS took it back and does not say why").slice(0, 500);
}

const mostColdStarts = 20;

/** From a task's order to the moment at which its containers ran; ECS does not keep when they were first healthy. */
export function coldStarts(tasks: readonly Task[]): readonly ColdStart[] {
  return tasks
    .flatMap(({ createdAt, startedAt }) => {
      if (createdAt === undefined || startedAt === undefined) return [];
      const [from, at] = [createdAt.getTime(), startedAt.getTime()];
      return at >= from ? [{ at, ms: at - from }] : [];
    })
    .sort((a, b) => a.at - b.at)
    .slice(-mostColdStarts);
}
