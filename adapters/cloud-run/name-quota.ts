/**
 * The name of the quota in a sentence of the platform, such as `NvidiaL4GpuAllocNoZonalRedundancyPerProjectRegion`;
 * undefined where the sentence is about something else.
 */
export function quotaNamed(sentence: string): string | undefined {
  const text = sentence.slice(0, 2_000);
  const named = /\b[A-Z][A-Za-z0-9]{2,100}Per(?:Project|Region|Zone)[A-Za-z0-9]{0,40}\b/.exec(text)?.[0];
  if (named !== undefined) return named;
  if (!/\bquota\b/i.test(text)) return undefined;
  const metric = /\bquota(?: metric)? '([^']{1,100})'/i.exec(text)?.[1];
  return metric ?? "of Cloud Run in this project and region";
}
