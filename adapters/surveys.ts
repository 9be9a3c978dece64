import type { KindName } from "./registry.ts";
import type { Survey } from "./survey.ts";

/** Kinds whose services can be found by asking their platform; the others are known only to whoever runs them. */
export const surveys: { readonly [Name in KindName]?: Survey } = {
  ecs: async (...given) => (await import("./ecs/survey.ts")).survey(...given),
  "cloud-run": async (...given) => (await import("./cloud-run/survey.ts")).survey(...given),
  "app-service": async (...given) => (await import("./app-service/survey.ts")).survey(...given),
  "container-apps": async (...given) => (await import("./container-apps/survey.ts")).survey(...given),
};
