/**
 * So many files a model's list names at most, and nothing else in a list has more members. The readers of such lists copy
 * all members for each of them, so that one of a hundred thousand, signed by nobody, would keep a device busy for an hour.
 */
export const mostMembers = 1_000;

/** Whether anything in it has more; for what was parsed and is not deeper than a stack. */
export function isTooBroad(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const members = Object.values(value);
  return members.length > mostMembers || members.some(isTooBroad);
}
