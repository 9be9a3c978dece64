/**
 * For a refinement that runs though something below it is wrong by itself, so that all problems are listed at once. Its
 * values may then be of any kind, however they are declared.
 */
export const besideOthers = { when: () => true };
