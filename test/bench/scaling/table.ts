import type { Compared, Contender } from "./compare.ts";
import { attainments, bestOf, digits, mean, middle, percent, spent } from "./rows.ts";

/** Everybody side by side, medians over the seeds: of each kind of peer the best. */
export function tableOf(all: readonly Compared[]): string {
  return [
    "| load | who | $ an hour | of it for what stands | in time | ours against it |",
    "|---|---|---|---|---|---|",
    ...all.flatMap((compared) => linesOf(compared)),
    "",
  ].join("\n");
}

function linesOf({ load, contenders }: Compared): readonly string[] {
  const ours = contenders.find(({ kind }) => kind === "ours");
  if (!ours) throw new RangeError("ours never ran");
  const of = (kind: Contender["kind"], alone: boolean) =>
    contenders.filter((one) => one.kind === kind && one.alone === alone);
  const sized = contenders.filter(({ name }) => name === "fixed, alone");
  const shown = [
    ...[of("fixed", false), sized, of("fixed", true), of("hpa", false), of("hpa", true), of("oracle", false)],
  ].flatMap((some) => (some.length > 0 ? [bestOf(some)] : []));
  return [ours, ...new Set(shown)].map((one) => {
    const ratios = spent(ours).map((usd, seed) => usd / (spent(one)[seed] ?? Number.NaN));
    const standing = middle(one.figures.map(({ standingUsdPerHour }) => standingUsdPerHour));
    const cells = [
      ...[load.name, one.name, digits(middle(spent(one))), digits(standing)],
      ...[percent(mean(attainments(one))), one === ours ? "" : digits(middle(ratios))],
    ];
    return `| ${cells.join(" | ")} |`;
  });
}
