import sharp from "sharp";
import { colourNames } from "../../support/colour-model.ts";
import { type Aim, type Mutated, render } from "./draft.ts";
import { exchange } from "./exchange.ts";
import { imageRequest } from "./good-requests.ts";

export type Probe = (port: number, signal: AbortSignal) => Promise<string | undefined>;

/** Asks where the backend sees red, green and blue, which it must always know; tells what was wrong with its answer. */
export async function createProbe(aim: Pick<Aim, "host">): Promise<Probe> {
  const images = await Promise.all(["#ff0000", "#00ff00", "#0000ff"].map(plainImage));
  const good = { kind: "probe", slow: false, end: "waits", unframed: false, requests: 1 } as const;
  const request: Mutated = { ...good, bytes: [render(aim, imageRequest(images, { conf: 0.5 }))] };
  return async (port, signal) => {
    const answer = await exchange(request, { port, signal });
    const told =
      answer.outcome === "ended" ? (answer.answers[0]?.body.toString() ?? "nothing") : answer.outcome;
    return isRight(told) ? undefined : `a good request got ${told.slice(0, 300)}`;
  };
}

function plainImage(background: string): Promise<Buffer> {
  return sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .png()
    .toBuffer();
}

type Output = { readonly name: string; readonly data: readonly number[] };

/** One box in the middle of each image, of the class of its colour. */
function isRight(told: string): boolean {
  try {
    const { outputs } = JSON.parse(told) as { readonly outputs: readonly Output[] };
    const data = new Map(outputs.map((output) => [output.name, output.data]));
    const middle = colourNames.flatMap(() => [16, 16, 48, 48]);
    const same = (name: string, wanted: readonly number[]): boolean =>
      data.get(name)?.length === wanted.length &&
      wanted.every((value, index) => Math.abs(value - (data.get(name)?.[index] ?? Number.NaN)) < 0.01);
    return same("classes", [0, 1, 2]) && same("counts", [1, 1, 1]) && same("boxes", middle);
  } catch {
    return false;
  }
}
