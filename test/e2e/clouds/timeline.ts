/** What happened when, in seconds from the beginning; printed as it happens. */
export type Timeline = {
  readonly say: (what: string) => void;
  readonly lines: () => readonly string[];
};

export function createTimeline(write: (line: string) => void): Timeline {
  const began = performance.now();
  const lines: string[] = [];
  return {
    say: (what) => {
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      const line = `${seconds.padStart(7)} s  ${what}`;
      lines.push(line);
      write(line);
    },
    lines: () => lines,
  };
}
