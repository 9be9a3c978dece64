/** A time of day as a log writes it. */
export type Moment = {
  /** Whole milliseconds since 1970. */
  readonly ms: number;
  /** What is left of a millisecond, apart because the sum could not hold it. */
  readonly extraMs: number;
  /** The log says no more than the second. */
  readonly coarse: boolean;
};

/** Such as `2018-07-02T22:23:00.186641Z` or `2023-11-16 18:17:03.9799600`; without a zone it is read as UTC. */
export function readIsoMoment(text: string): Moment | undefined {
  const found = isoShape.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = found;
  return momentOf({ year, month: Number(month), day, hour, minute, second, fraction, zone });
}

/** Such as `10/Oct/2000:13:55:36 -0700`, the way of web servers. */
export function readLogMoment(text: string): Moment | undefined {
  const found = logShape.exec(text);
  if (!found) return undefined;
  const [, day, month = "", year, hour, minute, second, zone] = found;
  return momentOf({
    year,
    month: months.indexOf(month) + 1,
    day,
    hour,
    minute,
    second,
    fraction: undefined,
    zone,
  });
}

const isoShape = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;
const logShape = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})$/;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

type Parts = {
  readonly month: number;
  readonly year: string | undefined;
  readonly day: string | undefined;
  readonly hour: string | undefined;
  readonly minute: string | undefined;
  readonly second: string | undefined;
  readonly fraction: string | undefined;
  readonly zone: string | undefined;
};

function momentOf({ month, fraction, zone, ...parts }: Parts): Moment | undefined {
  const [year, day, hour] = [Number(parts.year), Number(parts.day), Number(parts.hour)];
  const [minute, second] = [Number(parts.minute), Number(parts.second)];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const midnight = Date.UTC(year, month - 1, day);
  if (day > 28 && new Date(midnight).getUTCDate() !== day) return undefined;
  const seconds = (hour * 60 + minute - minutesOf(zone)) * 60 + second;
  const [whole, extraMs] = split(fraction);
  return { ms: midnight + seconds * 1000 + whole, extraMs, coarse: fraction === undefined };
}

function minutesOf(zone: string | undefined): number {
  if (zone === undefined || zone === "Z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return zone.startsWith("-") ? -minutes : minutes;
}

function split(fraction: string | undefined): readonly [number, number] {
  if (fraction === undefined) return [0, 0];
  const digits = fraction.padEnd(9, "0");
  return [Number(digits.slice(0, 3)), Number(digits.slice(3)) / 1e6];
}
