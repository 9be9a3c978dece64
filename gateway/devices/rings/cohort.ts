import { createHash } from "node:crypto";
import type { EdgeRollout, Ring } from "./rollout.ts";

export const cohorts = 10_000;

/**
 * Where a device stands in a rollout, from 0 to 9999: the same on every gateway and at every time, and another one in
 * the next rollout, so that it is not always the same devices that go first.
 */
export function cohortOf(rollout: string, device: string): number {
  const hash = createHash("sha256").update(rollout).update(device).digest();
  return hash.readUInt32BE(0) % cohorts;
}

export type RingMember = { readonly id: string; readonly label: string | undefined };

/** The first ring that a device is in; it is in all that follow as well. Undefined where no ring reaches it. */
export function ringOf(
  { id, rings }: Pick<EdgeRollout, "id" | "rings">,
  device: RingMember,
): number | undefined {
  const cohort = cohortOf(id, device.id);
  const first = rings.findIndex((ring) => holds(ring, device, cohort));
  return first === -1 ? undefined : first;
}

/** Whether the rollout has reached a device. */
export function isReached(
  rollout: Pick<EdgeRollout, "id" | "rings" | "progress">,
  device: RingMember,
): boolean {
  const ring = ringOf(rollout, device);
  return ring !== undefined && ring <= rollout.progress.ring;
}

function holds(ring: Ring, { label }: RingMember, cohort: number): boolean {
  return "share" in ring ? cohort < ring.share * cohorts : label === ring.devices;
}
