/** Bytes of a configuration: those are written by people, and what is longer was not. */
export const mostText = 1_048_576;
