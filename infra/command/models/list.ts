import { readFile } from "node:fs/promises";
import process from "node:process";
import { isRevoked } from "#gateway/repository/read-contents.ts";
import {
  readVerified,
  type VerifiedFamily,
  type VerifiedRepository,
} from "#gateway/repository/read-verified.ts";
import { endingSoon, remedyOf } from "#gateway/repository/warn-of-ends.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { positions, required } from "./read-repository-flags.ts";
import { withRepository } from "./with-repository.ts";

const options = {
  store: { type: "string" },
  root: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** `models list`: reads the repository as a device does and says what may run, and until when that is believed. */
export function list(args: string[]): () => Promise<number> {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  positions(positionals, 0, "list --store URL [--root ROOT.json] [--json]");
  const store = required("store", values.store);
  return async () => {
    const firstRoot = values.root === undefined ? undefined : await readFile(values.root);
    const verified = await withRepository(store, ({ repository, signal }) =>
      readVerified(repository, { firstRoot, signal }),
    );
    process.stdout.write(values.json ? asJson(verified) : asText(verified));
    return verified.refused.length > 0 ? 1 : 0;
  };
}

function asText(verified: VerifiedRepository): string {
  const { root, freshUntilMs, ends, families, refused } = verified;
  const lines = [
    `root ${root}, until ${iso(ends.root)}`,
    `targets, until ${iso(ends.targets)}`,
    `snapshot, until ${iso(ends.snapshot)}, and timestamp, until ${iso(ends.timestamp)}: the online key renews both`,
    `fresh until ${iso(freshUntilMs)}`,
    ...families.flatMap((family) => [titleOf(family), ...rowsOf(family).map(lineOf)]),
    ...refused.map(({ model, error }) => `${model}: ${error.message}`),
    ...endingSoon(verified, systemClock.now()).map(warningOf),
  ];
  return `${lines.join("\n")}\n`;
}

function warningOf({ role, endsAtMs }: ReturnType<typeof endingSoon>[number]): string {
  return `warning: the list of ${role} ends on ${iso(endsAtMs)}: ${remedyOf(role)}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function titleOf({ model, version, expiresAtMs }: VerifiedFamily): string {
  return `${model}, list ${version}, until ${iso(expiresAtMs)}`;
}

type Row = ReturnType<typeof rowsOf>[number];

function rowsOf({ contents: { models, revocations } }: VerifiedFamily) {
  return models.map(({ about, bytes, sha256 }) => {
    const { release, version, target, precision, minAgent } = about;
    const revoked = isRevoked({ about, sha256 }, revocations);
    return { release, version, target, precision, bytes, sha256, minAgent, revoked };
  });
}

function lineOf({ release, version, target, precision, bytes, sha256, revoked }: Row): string {
  const what = `${release}  ${version}  ${target}  ${precision}  ${bytes} bytes  ${sha256.slice(0, 12)}`;
  return `  ${what}${revoked ? "  revoked" : ""}`;
}

function asJson({ root, freshUntilMs, ends, families, refused, onlineKeys }: VerifiedRepository): string {
  const shown = families.map((family) => {
    const { model, version, expiresAtMs, contents } = family;
    return { model, list: version, expiresAtMs, files: rowsOf(family), revocations: contents.revocations };
  });
  const not = refused.map(({ model, error }) => ({ model, code: error.code, why: error.message }));
  return `${JSON.stringify({ root, freshUntilMs, ends, onlineKeys, models: shown, refused: not }, undefined, 2)}\n`;
}
