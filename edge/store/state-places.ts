import { join } from "node:path";

export type StatePlaces = {
  readonly folder: string;
  readonly newest: string;
  readonly before: string;
  readonly lasting: string;
};

/** A state of a hundred models with all they set aside has far less. */
export const mostStateBytes = 4 * 1_048_576;

export function statePlaces(folder: string): StatePlaces {
  const state = join(folder, "state");
  return {
    folder: state,
    newest: join(state, "device.json"),
    before: join(state, "device.before.json"),
    lasting: join(state, "lasting.json"),
  };
}
