import { expect, vi } from "vitest";
import { providerSchema } from "#adapters/registry.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import type { ControlSubject, OpenedSubject } from "../control-bench.ts";
import { createLightWorld } from "../light-world.ts";
import { type FakeEcs, type FakeEcsOptions, startFakeEcs } from "./start-fake-ecs.ts";

export type EcsSubject = OpenedSubject & { readonly fake: FakeEcs };

export type EcsSubjectOptions = {
  readonly name?: string;
  readonly fake?: Partial<FakeEcsOptions>;
  /** Keys of the provider beside those that every subject has. */
  readonly settings?: Readonly<Record<string, unknown>>;
};

export const images = {
  v1: `registry.example/detect@sha256:${"1".repeat(64)}`,
  v2: `registry.example/detect@sha256:${"2".repeat(64)}`,
  broken: `registry.example/broken@sha256:${"b".repeat(64)}`,
};

/** A service of the fake with one task, in a small world, with all of its times short. */
export function ecsSubject(options: EcsSubjectOptions = {}): ControlSubject & {
  readonly open: () => Promise<EcsSubject>;
} {
  return {
    name: options.name ?? "ecs",
    open: () => openEcsSubject(options),
    actions: {
      read: "ecs:DescribeServices",
      scale: "ecs:UpdateService",
      deploy: "ecs:RegisterTaskDefinition",
    },
  };
}

export async function openEcsSubject({
  fake: given = {},
  settings = {},
}: EcsSubjectOptions = {}): Promise<EcsSubject> {
  const world = createLightWorld();
  const fake = await startFakeEcs({ world, image: images.v1, ...given });
  const close = async (): Promise<void> => {
    await fake.close();
    await world.close();
  };
  const { name: cluster } = fake.cluster;
  const parsed = providerSchema.parse({
    kind: "ecs",
    region: fake.cluster.region,
    cluster,
    service: fake.service.name,
    api: fake.url,
    usdPerHour: 0.8,
    ...settings,
  });
  const desired = fake.service.desiredCount;
  const isUp = () => expect(fake.service.deployments[0]?.status).toBe("SUCCESSFUL");
  if (desired <= (given.capacity ?? desired)) await vi.waitFor(isUp, { timeout: 5_000, interval: 5 });
  return {
    fake,
    world,
    settings: parsed,
    surroundings: { clock: systemClock, chance: systemChance, env: fake.env },
    images,
    [Symbol.asyncDispose]: close,
  };
}
