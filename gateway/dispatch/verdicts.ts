/** Why a lane was taken, or what it lost by; scratch memory holds their numbers. */
export const verdicts = [
  "not considered",
  "chosen",
  "chosen as canary",
  "chosen in panic",
  "lost on score",
  "dearer than the best could be",
  "tried already",
  "does not have the model",
  "resting after failures",
  "full",
  "over its budget",
  "one at a time until measured",
  "in a later group",
  "answers otherwise than its peers",
] as const;

export type Verdict = (typeof verdicts)[number];

export const verdictCode = Object.fromEntries(verdicts.map((verdict, place) => [verdict, place])) as Readonly<
  Record<Verdict, number>
>;
