import type { Budget } from "#adapters/terms.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/**
 * What one provider has cost this hour and this day, against what it may cost; its backends have it in common. What a request may cost is held before it
 * leaves and replaced by what it did, so that requests under way count too. Gateways that share a budget are each told
 * from time to time what all have spent, and until they hear again each may spend its part of what is left.
 */
export class Spending {
  readonly #budget: Budget;
  readonly #hour: Window;
  readonly #day: Window;
  readonly #held: { usd: number };
  readonly #isBound: boolean;

  constructor(budget: Budget, before?: Spending) {
    this.#budget = budget;
    this.#isBound = Math.min(budget.usdPerHour, budget.usdPerDay) !== Number.POSITIVE_INFINITY;
    this.#hour = before ? before.#hour : new Window(hourMs);
    this.#day = before ? before.#day : new Window(dayMs);
    this.#held = before ? before.#held : { usd: 0 };
  }

  /** Whether so many dollars more stay within both budgets. */
  has(usd: number, now: number): boolean {
    if (!this.#isBound) return true;
    const { usdPerHour, usdPerDay } = this.#budget;
    const wanted = usd + this.#held.usd;
    return this.#hour.has(wanted, usdPerHour, now) && this.#day.has(wanted, usdPerDay, now);
  }

  hold(usd: number): void {
    this.#held.usd += usd;
  }

  settle(held: number, spent: number, now: number): void {
    this.#held.usd = Math.max(0, this.#held.usd - held);
    this.#hour.add(spent, now);
    this.#day.add(spent, now);
  }

  spentThisHour(now: number): number {
    return this.#hour.spent(now);
  }

  spentToday(now: number): number {
    return this.#day.spent(now);
  }

  /** What was spent here since this was last asked, to be told to the others. */
  take(now: number): { readonly hour: number; readonly day: number } {
    return { hour: this.#hour.take(now), day: this.#day.take(now) };
  }

  /** What was taken at that moment could not be told. */
  giveBack(taken: { readonly hour: number; readonly day: number }, at: number, now: number): void {
    this.#hour.giveBack(taken.hour, at, now);
    this.#day.giveBack(taken.day, at, now);
  }

  /** What all have told, as last heard. */
  known(now: number): { readonly hour: number; readonly day: number } {
    return { hour: this.#hour.known(now), day: this.#day.known(now) };
  }

  /** How many share the budgets, where nobody says what they have spent. */
  shareAmong(gateways: number): void {
    this.#hour.shareAmong(gateways);
    this.#day.shareAmong(gateways);
  }

  /** What all gateways together have spent, this one with them, and how many they are. */
  learn(spent: { readonly hour: number; readonly day: number }, gateways: number, now: number): void {
    this.#hour.learn(spent.hour, gateways, now);
    this.#day.learn(spent.day, gateways, now);
  }
}

/** One calendar hour or day after the other, of UTC. */
class Window {
  readonly #length: number;
  #index = 0;
  /** By all, as last heard, without what was spent here since. */
  #known = 0;
  #since = 0;
  #untold = 0;
  #gateways = 1;

  constructor(length: number) {
    this.#length = length;
  }

  has(usd: number, budget: number, now: number): boolean {
    this.#turn(now);
    return this.#since + usd <= (budget - this.#known) / this.#gateways;
  }

  add(usd: number, now: number): void {
    this.#turn(now);
    this.#since += usd;
    this.#untold += usd;
  }

  spent(now: number): number {
    this.#turn(now);
    return this.#known + this.#since;
  }

  take(now: number): number {
    this.#turn(now);
    const untold = this.#untold;
    this.#untold = 0;
    return untold;
  }

  giveBack(usd: number, at: number, now: number): void {
    this.#turn(now);
    if (Math.floor(at / this.#length) === this.#index) this.#untold += usd;
  }

  known(now: number): number {
    this.#turn(now);
    return this.#known;
  }

  shareAmong(gateways: number): void {
    this.#gateways = Math.max(1, gateways);
  }

  learn(all: number, gateways: number, now: number): void {
    this.#turn(now);
    this.#known = Math.max(0, all);
    this.#since = this.#untold;
    this.#gateways = Math.max(1, gateways);
  }

  #turn(now: number): void {
    const index = Math.floor(now / this.#length);
    if (index === this.#index) return;
    this.#index = index;
    this.#known = 0;
    this.#since = 0;
    this.#untold = 0;
  }
}
