/** As much of the settings as says how the traffic comes over. */
export type Pace = {
  readonly strategy: "rolling" | "blue-green" | "canary" | "linear";
  readonly step?: number | undefined;
  readonly stepBake?: number | undefined;
  readonly bake: number;
};

/** What ECS takes where nothing is said. */
const usual = { canaryBake: 10 * 60_000, linearStep: 0.1, linearBake: 6 * 60_000 };

/** From the word to its rest ECS takes this long by its settings: its steps, and what answered before stands on. */
export function promotionMs({ strategy, step, stepBake, bake }: Pace): number {
  if (strategy === "rolling") return 0;
  if (strategy === "canary") return inMinutes(stepBake ?? usual.canaryBake) + inMinutes(bake);
  if (strategy !== "linear") return inMinutes(bake);
  // After the last step nothing is waited for, and a share is in tenths of a percent.
  const steps = Math.ceil(1_000 / Math.max(1, Math.round((step ?? usual.linearStep) * 1_000)));
  return (steps - 1) * inMinutes(stepBake ?? usual.linearBake) + inMinutes(bake);
}

/** ECS counts in whole minutes, up to a day. */
function inMinutes(ms: number): number {
  return 60_000 * Math.min(1_440, Math.ceil(ms / 60_000));
}
