import { join } from "node:path";
import type { Detection } from "#inference/contract.ts";
import { type AgentProcess, type StatusModel, startAgent, until } from "../../support/edge/agent-process.ts";
import { type EdgeWorld, model } from "../../support/edge/edge-world.ts";
import { evaluate, type Sample } from "../../support/evaluate.ts";

/** A device of the story: a folder, and the process that works on it at the moment. */
export type Device = {
  readonly name: string;
  agent: AgentProcess;
  /** Ends its process as a power cut would, and starts it again. */
  readonly restart: () => Promise<void>;
};

export async function startDevice(
  world: EdgeWorld,
  { name, label, gateway }: { readonly name: string; readonly label: string; readonly gateway: string },
): Promise<Device> {
  const args = ["--gateway", gateway, "--data", join(world.folder, name), "--every", "1s"];
  const token = await world.token(label);
  const device: Device = {
    name,
    agent: await startAgent({ args: [...args, "--enrol", token] }),
    restart: async () => {
      await device.agent[Symbol.asyncDispose]();
      device.agent = await startAgent({ args });
    },
  };
  return device;
}

/** The device comes to be so; says what it was like where it does not. */
export async function comesTo(
  { name, agent }: Device,
  what: string,
  isSo: (one: StatusModel) => boolean,
): Promise<void> {
  await until(
    () => agent.model(model),
    (one) => one !== undefined && isSo(one),
  ).catch((error: unknown) => {
    throw new Error(`${name} does not come to ${what}: ${String(error).slice(0, 800)}`);
  });
}

/** mAP at 0.5 over all labelled samples, through the device's own door. */
export async function mapOf({ agent }: Device, samples: readonly Sample[]): Promise<number> {
  const { map50 } = await evaluate((jpeg) => detect(agent, jpeg), samples);
  return map50;
}

/** What a camera would do: image after image, until so many were answered or the release has changed. */
export async function watch(
  { agent }: Device,
  samples: readonly Sample[],
  {
    images,
    while: goesOn = () => true,
  }: { readonly images: number; readonly while?: (one: StatusModel) => boolean },
): Promise<number> {
  for (let at = 0; at < images; at += 1) {
    const jpeg = samples[at % samples.length]?.jpeg;
    if (jpeg) await detect(agent, jpeg);
    if (at % 10 !== 9) continue;
    const now = await agent.model(model);
    if (!now || !goesOn(now)) return at + 1;
  }
  return images;
}

async function detect(agent: AgentProcess, jpeg: Uint8Array): Promise<readonly Detection[]> {
  const response = await agent.detect(model, jpeg);
  if (response.status !== 200) throw new Error(`a device answers ${response.status}`);
  const { detections } = (await response.json()) as { readonly detections: readonly Detection[] };
  return detections;
}
