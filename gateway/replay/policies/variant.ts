import type { OpenPolicy } from "../policy.ts";

/** One setting of a baseline's parameters; the bench takes the best of its grid on the traces that ours is judged by. */
export type Variant = { readonly name: string; readonly open: OpenPolicy };

/** The grid of one baseline, each setting named by what it sets. */
export function variants<Options extends Readonly<Record<string, number | boolean>>>(
  open: (options: Options) => OpenPolicy,
  settings: readonly Options[],
): readonly Variant[] {
  return settings.map((options) => ({ name: nameOf(options), open: open(options) }));
}

function nameOf(options: Readonly<Record<string, number | boolean>>): string {
  return Object.entries(options)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}
