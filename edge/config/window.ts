import { z } from "zod";

/** Minutes of the day by the machine's own clock; one that ends before it begins goes over midnight. */
export type DailyWindow = { readonly from: number; readonly to: number };

const form = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;

/** `22:30-06:00`. */
export const dailyWindow = z.string().transform((text, context): DailyWindow => {
  const [fromHour, fromMinute, toHour, toMinute] = (form.exec(text) ?? []).slice(1).map(Number);
  const from = (fromHour ?? 0) * 60 + (fromMinute ?? 0);
  const to = (toHour ?? 0) * 60 + (toMinute ?? 0);
  if (form.test(text) && from !== to) return { from, to };
  context.addIssue({ code: "custom", message: `expected a part of the day such as 22:30-06:00` });
  return z.NEVER;
});

/** Milliseconds until the window is open: 0 within it, and 0 where there is none. */
export function waitForWindow(window: DailyWindow | undefined, now: number): number {
  if (!window) return 0;
  const moment = new Date(now);
  const minute = moment.getHours() * 60 + moment.getMinutes();
  const { from, to } = window;
  const isOpen = from < to ? minute >= from && minute < to : minute >= from || minute < to;
  if (isOpen) return 0;
  const minutes = (from - minute + minutesOfDay) % minutesOfDay;
  return minutes * 60_000 - (moment.getSeconds() * 1_000 + moment.getMilliseconds());
}

const minutesOfDay = 1_440;
