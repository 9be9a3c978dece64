import type { ArmAnswer } from "./fault-answers.ts";

/** Changes that go on after they were taken. */
export type Operations = {
  /** Begins one, whose answer is what its address says in the end. */
  readonly begin: (work: () => Promise<ArmAnswer>) => string;
  readonly look: (id: string) => ArmAnswer | "running" | undefined;
  readonly settled: () => Promise<void>;
};

export function createOperations(): Operations {
  const all = new Map<string, ArmAnswer | "running">();
  const working = new Set<Promise<void>>();
  return {
    begin: (work) => {
      const id = `op${all.size + 1}`;
      all.set(id, "running");
      const done = work().then(
        (answer) => {
          all.set(id, answer);
        },
        (error: unknown) => {
          all.set(id, {
            status: 500,
            body: { error: { code: "InternalServerError", message: String(error) } },
          });
        },
      );
      working.add(done);
      void done.then(() => working.delete(done));
      return id;
    },
    look: (id) => all.get(id),
    settled: async () => {
      await Promise.all(working);
    },
  };
}
