import { defineConfig } from "vitest/config";

const integration = {
  include: ["test/integration/**/*.test.ts"],
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

const filesOf = (names: readonly string[]): string[] =>
  names.map((name) => `test/integration/${name}.test.ts`);

/** What measures memory or the smallest times, or fills the machine itself: one file after the other, with nothing beside it. */
const inQuiet = filesOf(["e2e-*", "edge/answer-switch", "edge/memory", "flat-memory"]);

/** What must be in time for somebody and leaves a machine mostly idle: two files at a time, none of which computes much. */
const inTime = filesOf(["drain", "drill", "faults", "four-gateways", "rediscovery", "shadow", "workers"]);

/** What starts processes and sends them a load that a busy machine may slow down: two files at a time. */
const ofProcesses = filesOf([
  "*-bench",
  "*-fuzz",
  "access",
  "agreement",
  "bench",
  "edge/agent",
  "edge/deaths",
  "edge/health",
  "edge/kills",
  "edge/self-test",
  "first-light",
  "hot-reload",
  "isolation",
  "pack",
  "privacy",
  "quantize",
  "redis-faults",
  "rollouts-on-clouds",
  "slow-bodies",
  "soft-state-late-answers",
  "two-gateways",
  "upstream",
  "worker-processes",
]);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/{gateway,adapters,inference,edge,infra,house}/**/*.test.ts"],
          // Nothing here leaves anything behind, so files share their modules: 9 s instead of 21 on two cores.
          isolate: false,
          // A busy machine is no failure.
          testTimeout: 15_000,
          // One for each core of the smallest machine; vitest would leave one of two cores idle.
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...integration,
          name: "integration",
          exclude: [...inQuiet, ...inTime, ...ofProcesses],
          // They mostly wait: for processes to start, for pauses between retries, for leases to end.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...integration,
          name: "processes",
          include: ofProcesses,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...integration,
          name: "in-time",
          include: inTime,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...integration,
          name: "quiet",
          include: inQuiet,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
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
