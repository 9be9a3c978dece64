import { type Price, prices } from "./prices.ts";

export { type Price, version } from "./prices.ts";

/** Names that stand for what a backend's time costs. */
export const backendPrices: readonly string[] = prices
  .filter(({ unit }) => unit !== "GB")
  .map(({ name }) => name);

/** Names that stand for what a byte costs on its way out. */
export const egressPrices: readonly string[] = prices
  .filter(({ unit }) => unit === "GB")
  .map(({ name }) => name);

export function findPrice(name: string): Price | undefined {
  return byName.get(name);
}

const byName: ReadonlyMap<string, Price> = new Map(prices.map((price) => [price.name, price]));

const secondsPerHour = 3_600;

/** What a second costs by an entry; undefined where it has no price. */
export function usdPerSecondOf({ unit, usd }: Price): number | undefined {
  return usd === undefined || unit === "second" ? usd : usd / secondsPerHour;
}

const msPerDay = 24 * 3_600_000;

/** Clouds change their prices more seldom, and whoever plans with an older one is told. */
const freshDays = 180;

/** For how many days nobody has compared an entry with its source; undefined while that is no reason to doubt it. */
export function staleDays({ asOf, usd }: Price, now: number): number | undefined {
  const days = Math.floor((now - Date.parse(asOf)) / msPerDay);
  return usd !== undefined && days > freshDays ? days : undefined;
}

/** No name is longer, and comparing takes the product of two lengths. */
const mostLetters = 64;

/** The names that somebody may have meant, the likeliest first. */
export function namesNear(name: string, among: readonly string[], most = 3): readonly string[] {
  const asked = name.slice(0, mostLetters).toLowerCase();
  return among
    .map((known) => ({ known, far: distance(asked, known) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, most)
    .map(({ known }) => known);
}

/** How many letters must be changed, put in or left out to make one text of another. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
