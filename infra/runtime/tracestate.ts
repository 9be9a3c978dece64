/** What is longer is dropped unread; what is shorter but over the share below loses members. */
const longestHeader = 8192;
const longestPassedOn = 512;
const mostMembers = 32;
const longMember = 128;

const member =
  /^[\da-z][\da-z_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * The list as it may be passed on, or undefined where it is empty or broken: one broken member spoils all of it, since
 * nobody can tell whose it was. Over 512 characters, long members go first and then the last ones, as the standard wants.
 */
export function readTracestate(header: string | undefined): string | undefined {
  if (header === undefined || header.length > longestHeader) return undefined;
  const members = header
    .split(",")
    .map(trimmed)
    .filter((text) => text !== "");
  if (members.length === 0 || members.length > mostMembers) return undefined;
  if (!members.every((text) => member.test(text))) return undefined;
  if (new Set(members.map(keyOf)).size < members.length) return undefined;
  const kept = shortened(members);
  return kept.length === 0 ? undefined : kept.join(",");
}

function keyOf(text: string): string {
  return text.slice(0, text.indexOf("="));
}

/** Only what HTTP calls white space may stand around a member. */
function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text, start)) start += 1;
  while (end > start && isBlank(text, end - 1)) end -= 1;
  return text.slice(start, end);
}

function isBlank(text: string, place: number): boolean {
  return text[place] === " " || text[place] === "\t";
}

function shortened(members: readonly string[]): readonly string[] {
  if (lengthOf(members) <= longestPassedOn) return members;
  const kept = members.filter((text) => text.length <= longMember);
  while (lengthOf(kept) > longestPassedOn) kept.pop();
  return kept;
}

function lengthOf(members: readonly string[]): number {
  return members.reduce((sum, text) => sum + text.length + 1, -1);
}
