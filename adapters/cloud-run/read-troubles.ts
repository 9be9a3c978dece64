import type { Revision as RevisionStatus, Trouble } from "../control.ts";
import { quotaNamed } from "./name-quota.ts";
import { listOf, textOf } from "./read-service.ts";
import type { Condition, Revision } from "./run-api.ts";

/** A revision that sleeps is as ready as one that runs. */
export function stateOf({ conditions }: Revision): RevisionStatus["state"] {
  const all = listOf(conditions);
  const state = all.find(({ type }) => type === "Ready")?.state;
  if (state === "CONDITION_FAILED") return "failed";
  return state === "CONDITION_SUCCEEDED" ? "ready" : "starting";
}

/** What the platform says it could not do for a revision; the condition that sums up the others comes last. */
export function troublesOf(revision: Revision | undefined): readonly Trouble[] {
  const failed = listOf(revision?.conditions).filter(isTrouble);
  const sums = failed.filter(({ type }) => type === "Ready");
  const causes = failed.filter(({ type }) => type !== "Ready");
  return (causes.length > 0 ? causes : sums).map(readTrouble);
}

function isTrouble({ state, severity, revisionReason }: Condition): boolean {
  if (state === "CONDITION_FAILED") return severity !== "INFO";
  return state === "CONDITION_RECONCILING" && revisionReason === "MIN_INSTANCES_NOT_PROVISIONED";
}

const quoted = 500;

function readTrouble(condition: Condition): Trouble {
  const message = (textOf(condition.message) ?? `${condition.type ?? "something"} failed`).slice(0, quoted);
  const quota = quotaNamed(message);
  const at = momentOf(condition.lastTransitionTime);
  if (quota !== undefined) return { kind: "quota", name: quota, message, at };
  const permission = /\b[a-z]+(?:\.[a-zA-Z]+){2}\b/.exec(message)?.[0];
  const kind = kindOf(condition);
  return { kind, name: kind === "permission" ? permission : undefined, message, at };
}

const byReason: Readonly<Record<string, Trouble["kind"]>> = {
  CONTAINER_MISSING: "image",
  CONTAINER_IMAGE_UNAUTHORIZED: "image",
  CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED: "image",
  CONTAINER_PERMISSION_DENIED: "permission",
  SECRETS_ACCESS_CHECK_FAILED: "permission",
  ENCRYPTION_KEY_PERMISSION_DENIED: "permission",
  PROGRESS_DEADLINE_EXCEEDED: "health",
  HEALTH_CHECK_CONTAINER_ERROR: "health",
  MIN_INSTANCES_NOT_PROVISIONED: "capacity",
  ACTIVE_REVISION_LIMIT_REACHED: "capacity",
};

function kindOf({ type, reason, revisionReason }: Condition): Trouble["kind"] {
  const known = [reason, revisionReason]
    .map((one) => byReason[String(one)])
    .find((kind) => kind !== undefined);
  return known ?? (type === "ResourcesAvailable" ? "capacity" : "other");
}

function momentOf(time: Condition["lastTransitionTime"]): number | undefined {
  const seconds = Number(time?.seconds);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined;
}
