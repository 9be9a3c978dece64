import { isMap, isScalar, isSeq, type Pair, parseDocument, type YAMLMap } from "yaml";

export type Shift = {
  readonly model: string;
  readonly provider: string;
  /** Of the requests of the model's route, 0 to 1. */
  readonly share: number;
};

type Splice = { readonly from: number; readonly to: number; readonly text: string };

/**
 * The few characters that a shift changes in a route as people write one, so that a diff shows these and nothing else.
 * Undefined where the route is written otherwise; whoever asks must look whether the outcome means what it should.
 */
export function spliceRoute(text: string, place: number, shift: Shift): string | undefined {
  const route = parseDocument(text).getIn(["routes", place], true);
  if (!isMap(route) || route.flow) return undefined;
  const splices = splicesOf(text, route, shift);
  if (splices.includes(undefined)) return undefined;
  const known = splices.flatMap((splice) => splice ?? []).sort((one, other) => other.from - one.from);
  return known.reduce((all, { from, to, text: more }) => all.slice(0, from) + more + all.slice(to), text);
}

function splicesOf(text: string, route: YAMLMap, { provider, share }: Shift): (Splice | undefined)[] {
  const isIts = (pair: Pair | undefined): boolean =>
    isMap(pair?.value) && pair.value.get("provider") === provider;
  const [canary, shadow] = [pairOf(route, "canary"), pairOf(route, "shadow")];
  const splices = isIts(shadow) ? [withoutLine(text, shadow)] : [];
  const isWhole = share === 0 || share === 1;
  if (isIts(canary)) splices.push(isWhole ? withoutLine(text, canary) : otherShare(canary, share));
  else if (!isWhole) splices.push(newCanary(text, pairOf(route, "failover"), { provider, share }));
  if (share === 1) splices.push(firstGroup(text, pairOf(route, "failover"), provider));
  return splices;
}

export function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

/** A pair with its lines, where it begins one. */
function withoutLine(text: string, pair: Pair | undefined): Splice | undefined {
  const lines = linesOf(text, pair);
  return lines?.indent.trim() === "" ? { from: lines.from, to: lines.to, text: "" } : undefined;
}

function otherShare(canary: Pair | undefined, share: number): Splice | undefined {
  const node = isMap(canary?.value) ? canary.value.get("share", true) : undefined;
  const range = isScalar(node) ? node.range : undefined;
  return range ? { from: range[0], to: range[1], text: percent(share) } : undefined;
}

function newCanary(
  text: string,
  failover: Pair | undefined,
  { provider, share }: Pick<Shift, "provider" | "share">,
): Splice | undefined {
  const lines = linesOf(text, failover);
  if (!lines) return undefined;
  const indent = " ".repeat(lines.indent.length);
  const start = text[lines.to - 1] === "\n" ? "" : "\n";
  const line = `${start}${indent}canary: { provider: ${provider}, share: ${percent(share)} }\n`;
  return { from: lines.to, to: lines.to, text: line };
}

function firstGroup(text: string, failover: Pair | undefined, provider: string): Splice | undefined {
  const groups = failover?.value;
  if (!isSeq(groups) || !groups.range) return undefined;
  const [start] = groups.range;
  if (groups.flow) return { from: start + 1, to: start + 1, text: `[${provider}], ` };
  const indent = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  return indent.trim() === "" ? { from: start, to: start, text: `- [${provider}]\n${indent}` } : undefined;
}

type Lines = { readonly from: number; readonly to: number; readonly indent: string };

/** From the beginning of the line of a pair's key to the end of its last line. */
export function linesOf(text: string, pair: Pair | undefined): Lines | undefined {
  const [key, value] = [pair?.key, pair?.value];
  if (!isScalar(key) || !key.range || !(isMap(value) || isSeq(value)) || !value.range) return undefined;
  const from = text.lastIndexOf("\n", key.range[0] - 1) + 1;
  const [, end] = value.range;
  const newline = text.indexOf("\n", end);
  const to = text[end - 1] === "\n" ? end : newline === -1 ? text.length : newline + 1;
  return { from, to, indent: text.slice(from, key.range[0]) };
}

/** As a configuration has it. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))}%`;
}
