import { readFileSync } from "node:fs";
import process from "node:process";
import { quantizeFile } from "#inference/quantize/quantize-file.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { hasVnni } from "#infra/runtime/hardware/cpu.ts";
import type { QuantizeAsk } from "./quantize-ask.ts";
import { showQuantizeReport } from "./show-quantize-report.ts";

/** Quantizes a model and tells what came of it; exit code 1 where a floor did not hold and nothing was written. */
export async function quantize(ask: QuantizeAsk): Promise<number> {
  const stop = new AbortController();
  const abort = (): void => stop.abort(new TradewindError("caller_left", "stopped before it was done"));
  for (const name of stops) process.once(name, abort);
  try {
    const report = await quantizeFile(ask, {
      clock: systemClock,
      signal: stop.signal,
      exactQuantized: process.arch === "x64" && !hasVnni(readCpuInfo()),
      say: (line) => void process.stderr.write(`${line}\n`),
    });
    const shown = ask.isJson ? JSON.stringify(report, undefined, 2) : showQuantizeReport(report);
    process.stdout.write(`${shown}\n`);
    return report.isWritten ? 0 : 1;
  } finally {
    for (const name of stops) process.off(name, abort);
  }
}

const stops = ["SIGINT", "SIGTERM"] as const;

function readCpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
