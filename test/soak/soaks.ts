import type { Soak } from "./soak.ts";

/** Every soak by name, loaded only when it runs. */
export const soaks: Readonly<Record<string, () => Promise<Soak>>> = {
  protocol: async () => (await import("./protocol/soak.ts")).protocolSoak,
  "wrong-input": async () => (await import("./wrong-input/soak.ts")).wrongInputSoak,
};
