import { z } from "zod";
import type { Query } from "#infra/runtime/postgres/database.ts";
import type { Actor } from "./actor.ts";
import { storableJson } from "./storable.ts";

export const auditActions = [
  "configuration.publish",
  "configuration.rollback",
  "device-rollout.advance",
  "device-rollout.finish",
  "device-rollout.forget",
  "device-rollout.halt",
  "device-rollout.pause",
  "device-rollout.resume",
  "device-rollout.rollback",
  "device-rollout.start",
  "device-rollout.stop",
  "device.pin",
  "device.unpin",
  "device.enrol",
  "device.key",
  "device.label",
  "device.release",
  "device.revoke",
  "device.set_aside",
  "enrolment.create",
  "fleet.change",
  "fleet.freeze",
  "fleet.thaw",
  "key.create",
  "key.rotate",
  "key.revoke",
  "rollout.promote",
  "rollout.rollback",
  "rollout.start",
  "tenant.create",
  "tenant.change",
  "tenant.delete",
] as const;

export type AuditAction = (typeof auditActions)[number];

/** Who did what to whom; the details never hold a key or its hash. */
export type AuditEvent = {
  readonly actor: Actor;
  readonly action: AuditAction;
  readonly subject: string;
  readonly tenant: string;
  readonly details?: Readonly<Record<string, unknown>>;
};

export type AuditEntry = Omit<AuditEvent, "actor" | "action" | "details"> & {
  readonly id: number;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly details: Readonly<Record<string, unknown>>;
};

export type AuditFilter = {
  readonly tenant?: string | undefined;
  readonly since?: Date | undefined;
  /** The last one of the page before. */
  readonly before?: number | undefined;
  readonly most: number;
};

/** Part of the transaction that makes the change, so that there is never one without the other. */
export async function recordAudit(
  query: Query,
  { actor, action, subject, tenant, details = {} }: AuditEvent,
): Promise<void> {
  const text =
    "INSERT INTO audit_events (actor, action, subject, tenant, details) VALUES ($1, $2, $3, $4, $5)";
  await query(text, [actor.id, action, subject, tenant, storableJson(details)]);
}

/** The newest first. */
export function readAudit(query: Query, { tenant, since, before, most }: AuditFilter): Promise<AuditEntry[]> {
  const text = `SELECT id, at, actor, action, subject, tenant, details FROM audit_events
    WHERE ($1::text IS NULL OR tenant = $1) AND ($2::timestamptz IS NULL OR at >= $2)
      AND ($3::bigint IS NULL OR id < $3)
    ORDER BY id DESC LIMIT $4`;
  return query(text, [tenant ?? null, since ?? null, before ?? null, most], {
    parse: (row) => entry.parse(row),
  });
}

const entry = z.object({
  id: z.coerce.number(),
  at: z.date(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  tenant: z.string(),
  details: z.record(z.string(), z.unknown()),
});
