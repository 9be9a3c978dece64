export type DownscaleCosts = {
  readonly bytes: number;
  readonly expectedBytes: number;
  /** What the way to the backend costs; 0 where it costs nothing. */
  readonly egressUsdPerGb: number;
  /** What one upload to the backend gets. */
  readonly uploadMbitPerS: number;
  readonly cpuMs: number;
  /** What a core here costs. */
  readonly cpuUsdPerHour?: number;
};

/** Does it save time, or more money than the core costs that does it? */
export function worthDownscaling(costs: DownscaleCosts): boolean {
  const { bytes, expectedBytes, egressUsdPerGb, uploadMbitPerS, cpuMs, cpuUsdPerHour = 0.05 } = costs;
  const saved = bytes - expectedBytes;
  if (saved <= 0) return false;
  const savedMs = (8 * saved) / (1_000 * uploadMbitPerS);
  const savedUsd = (saved / 1e9) * egressUsdPerGb;
  return savedMs > cpuMs || savedUsd > (cpuMs / 3_600_000) * cpuUsdPerHour;
}
