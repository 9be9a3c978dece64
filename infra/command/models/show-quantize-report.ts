import type { Accuracy, Agreement, QuantizeReport } from "#inference/quantize/report.ts";

/** The report as a person reads it, the verdict last. */
export function showQuantizeReport(report: QuantizeReport): string {
  const { model, target, calibration, images, bytes, speed, agreement, accuracy } = report;
  const taken = images.taken < images.found ? `${images.taken} of ${images.found}` : `${images.taken}`;
  return [
    `${model} for ${target}, calibrated by ${calibration} on ${taken} images`,
    `size       ${megabytes(bytes.before)} -> ${megabytes(bytes.after)} MB (${percent(bytes.after / bytes.before)})`,
    `kernels    ${kernelsOf(report)}`,
    `speed      ${milliseconds(speed.msBefore)} -> ${milliseconds(speed.msAfter)} ms a run on one thread here: ${speed.ratio.toFixed(2)} times as fast`,
    `agreement  ${agreementLine(agreement)}`,
    ...(accuracy ? [`mAP50      ${accuracyLine(accuracy)}`] : []),
    ...verdict(report),
  ].join("\n");
}

/** Those that compute with whole numbers first. */
function kernelsOf({ kernels }: QuantizeReport): string {
  const shown = Object.entries(kernels).filter(([name]) =>
    /^(QLinear|QGemm|ConvInteger|MatMulInteger|Conv$|FusedConv)/.test(name),
  );
  return shown.map(([name, count]) => `${count} ${name}`).join(", ") || "none for whole numbers";
}

function agreementLine({ mean, worst, images, isShadow, least }: Agreement): string {
  const where = isShadow ? "other images" : "the calibration's own images (--shadow gives others)";
  const floor = `at least ${least} wanted`;
  return `${mean.toFixed(4)} over ${images} of ${where}, ${floor}; worst ${worst.agreement.toFixed(4)} in ${worst.file}`;
}

function accuracyLine({ before, after, lost, images, most }: Accuracy): string {
  const wide = `mAP50-95 ${before.map50To95.toFixed(4)} -> ${after.map50To95.toFixed(4)}`;
  const points = `${before.map50.toFixed(4)} -> ${after.map50.toFixed(4)}: ${lost.toFixed(2)} points lost, at most ${most} allowed`;
  return `${points}; ${wide}, over ${images} images`;
}

function verdict({ out, isWritten, refusals }: QuantizeReport): readonly string[] {
  if (isWritten) return [`written to ${out}`];
  return [...refusals, "nothing was written"];
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}

function milliseconds(ms: number): string {
  return ms.toFixed(ms < 10 ? 2 : 1);
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`;
}
