import { type EnrolmentTerms, enrolmentTerms } from "#gateway/records/enrolments.ts";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export const flagOptions = {
  label: { type: "string" },
  models: { type: "string" },
  for: { type: "string" },
  hardware: { type: "string" },
  count: { type: "string" },
  root: { type: "string" },
  store: { type: "string" },
  all: { type: "boolean" },
  json: { type: "boolean" },
} as const;

export type DeviceFlags = {
  readonly [Name in Exclude<keyof typeof flagOptions, "all" | "json">]?: string | undefined;
} & { readonly all?: boolean | undefined; readonly json?: boolean | undefined };

export type EnrolAsk = {
  readonly terms: EnrolmentTerms;
  readonly forMs: number;
  readonly count: number;
};

const lifetime = durationUpTo("30d");

/** What the flags of `enrol` ask for, or everything that is wrong with them. */
export function readEnrolAsk(flags: DeviceFlags): EnrolAsk {
  const { label, hardware, models, count = "1" } = flags;
  const terms = enrolmentTerms.safeParse({
    ...(label !== undefined && { label }),
    ...(hardware !== undefined && { hardware }),
    models: models?.split(",") ?? [],
  });
  const forMs = lifetime.safeParse(flags.for ?? "24h");
  const problems = [
    ...(terms.error?.issues.map(({ path: [field], message }) => `--${String(field)}: ${message}`) ?? []),
    ...(forMs.error?.issues.map(({ message }) => `--for: ${message}`) ?? []),
    ...(/^[1-9]\d{0,2}$|^1000$/.test(count) ? [] : ["--count: expected a number from 1 to 1000"]),
    ...(flags.root !== undefined && flags.store !== undefined
      ? ["--root and --store both say where the first root is: name one"]
      : []),
  ];
  if (terms.success && forMs.success && problems.length === 0)
    return { terms: terms.data, forMs: forMs.data, count: Number(count) };
  throw new TradewindError("parameter_invalid", [...new Set(problems)].join("; "));
}
