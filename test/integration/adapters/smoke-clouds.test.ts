import { expect, onTestFinished, test } from "vitest";
import { smokeProviders } from "#test/live/run-smoke.ts";
import { appServiceSubject, containerAppsSubject } from "#test/support/clouds/azure/open-subject.ts";
import { cloudRunSubject } from "#test/support/clouds/cloud-run/open-subject.ts";
import type { ControlSubject } from "#test/support/clouds/control-bench.ts";
import { ecsSubject } from "#test/support/clouds/ecs/open-subject.ts";

const subjects: readonly ControlSubject[] = [
  ecsSubject(),
  cloudRunSubject("grpc"),
  appServiceSubject,
  containerAppsSubject,
];

test.each(subjects)(
  "the live smoke deploys to the fake of $name and takes it back",
  { timeout: 60_000 },
  async ({ open }) => {
    const subject = await open();
    onTestFinished(() => subject[Symbol.asyncDispose]());
    const { settings, surroundings, images, fake } = subject;
    const lines: string[] = [];
    const failover = [[{ provider: "it", weight: 1 }]];
    const config = { providers: { it: settings }, routes: [{ models: ["digits-s"], failover }] };
    const failed = await smokeProviders({
      kind: settings.kind,
      config,
      surroundings,
      env: { TRADEWIND_LIVE_WRITE: "1", TRADEWIND_LIVE_IMAGE: images.v2 },
      say: (line) => lines.push(line),
    });
    const text = lines.join("\n");
    expect(text).toContain("one image");
    expect(text).toContain("it stands");
    expect(text).toContain("take it back");
    expect(failed, text).toBe(0);
    expect(fake.problems()).toEqual([]);
  },
);
