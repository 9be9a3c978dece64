import { defineConfig } from "vitest/config";

const integration = {
  include: ["test/integration/**/*.test.ts"],
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

/** What measures time or memory, or fills the machine itself: one file after the other, with nothing beside it. */
const inQuiet = [
  "*-bench",
  "*-fuzz",
  "access",
  "agreement",
  "bench",
  "drain",
  "drill",
  "e2e-*",
  "edge/agent",
  "edge/answer-switch",
  "edge/kills",
  "edge/memory",
  "edge/self-test",
  "faults",
  "first-light",
  "flat-memory",
  "four-gateways",
  "hot-reload",
  "isolation",
  "privacy",
  "quantize",
  "rediscovery",
  "redis-faults",
  "rollouts-on-clouds",
  "shadow",
  "slow-bodies",
  "soft-state-late-answers",
  "two-gateways",
  "upstream",
  "worker-processes",
  "workers",
].map((name) => `test/integration/${name}.test.ts`);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/{gateway,adapters,inference,edge,infra,house}/**/*.test.ts"],
          // Nothing here leaves anything behind, so files share their modules: 9 s instead of 21 on two cores.
          isolate: false,
        },
      },
      {
        test: {
          ...integration,
          name: "integration",
          exclude: inQuiet,
          // They mostly wait: for processes to start, for pauses between retries, for leases to end.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...integration,
          name: "quiet",
          include: inQuiet,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    coverage: {
      provider: "v8",
      include: ["{gateway,adapters,inference,edge,infra}/**/*.ts"],
      // What runs only as a process of its own, or holds only types, is not seen from inside the test process.
      exclude: [
        "**/main.ts",
        "gateway/examples/**",
        "infra/deploy/**",
        "inference/contract.ts",
        "inference/engine/worker.ts",
      ],
      reporter: ["text-summary", "json-summary"],
      thresholds: { lines: 90 },
    },
  },
});
