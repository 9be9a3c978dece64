import type { ContainerApp } from "@azure/arm-appcontainers";

/** A part of an app: what is left out stays as it is, and a list is exchanged whole. */
export type AppPatch = Pick<ContainerApp, "tags" | "configuration" | "template">;
