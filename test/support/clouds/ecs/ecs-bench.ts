import { type Bench, openBench } from "../control-bench.ts";
import { type EcsSubject, type EcsSubjectOptions, openEcsSubject } from "./open-subject.ts";

export type EcsBench = Bench & Pick<EcsSubject, "fake">;

/** Both planes of a service of the fake, with the fake's own levers. */
export async function openEcsBench(options: EcsSubjectOptions = {}): Promise<EcsBench> {
  let opened: EcsSubject | undefined;
  const bench = await openBench(async () => {
    opened = await openEcsSubject(options);
    return opened;
  });
  if (!opened) throw new Error("nothing was opened");
  return { ...bench, fake: opened.fake };
}
