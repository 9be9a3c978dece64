import type { Known } from "./inherit-directory.ts";

/** Models for which no backend has said anything yet. */
export function silentModels({ fleet, directory }: Known): string[] {
  const silent: string[] = [];
  for (const { backends, model } of fleet.routes.values()) {
    if (!backends.some((backend) => directory.find(backend, model))) silent.push(model);
  }
  return silent;
}
