import { defineConfig } from "vitest/config";

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
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
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
