import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Signed } from "#gateway/repository/change-family.ts";
import { type AtRepository, nameIt } from "./with-repository.ts";

export type SignedAsk = {
  /** Where a list is left that waits for signatures. */
  readonly stage: string;
  readonly onlineKey: readonly string[];
};

/** Says what became of a list, names it where the key is at hand, or leaves it as a file for the next who signs. */
export async function tellSigned(
  at: AtRepository,
  signed: Signed,
  ask: SignedAsk,
): Promise<readonly string[]> {
  if (!("staged" in signed)) return [`signed and uploaded: ${signed.key}`, await nameIt(at, ask.onlineKey)];
  const { fileName, bytes, signatures, threshold } = signed.staged;
  const path = join(ask.stage, fileName);
  await writeFile(path, bytes);
  return [
    `${signatures} of ${threshold} signatures: nothing is published yet`,
    `the list waits in ${path}; the next who signs: tradewind models sign ${path} --key KEY.pem --store URL`,
  ];
}
