import type { Log } from "#infra/runtime/log.ts";
import { readSettings, refused, type SettingChanges, told } from "./read-settings.ts";

/** The log as Triton's logging extension shows it, in the order of its answer. */
export type LogSettings = {
  /** Always empty: lines go to standard error. */
  readonly log_file: string;
  readonly log_info: boolean;
  readonly log_warning: boolean;
  readonly log_error: boolean;
  /** 1 adds lines of level debug, 2 and more those of level trace. */
  readonly log_verbose_level: number;
  /** Lines are JSON with ISO 8601 times under either name. */
  readonly log_format: "default" | "ISO8601";
};

export type LogControl = {
  readonly read: () => LogSettings;
  /** Changes what the body names, all of it or nothing, and answers what holds now. */
  readonly update: (body: Uint8Array) => LogSettings;
};

/** Steers a log from outside; a child made of it earlier keeps the level that it had. */
export function createLogControl(log: Log): LogControl {
  let settings = settingsOf(log.level);
  return {
    read: () => settings,
    update: (body) => {
      const changed = changeLogSettings(settings, readSettings(body, Object.keys(settings)));
      if (changed !== settings) apply(log, changed);
      settings = changed;
      return settings;
    },
  };
}

/** The settings with what was named changed; `null` leaves a setting as it is. */
export function changeLogSettings(settings: LogSettings, changes: SettingChanges): LogSettings {
  const given = Object.entries(changes).filter(([, value]) => value !== null);
  if (given.length === 0) return settings;
  for (const [name, value] of given) refuseUnlessValid(settings, name, value);
  return { ...settings, ...Object.fromEntries(given) };
}

/** What a level of our own lets through, in Triton's words. */
export function settingsOf(level: string): LogSettings {
  const rank = levels.indexOf(level);
  const lets = (name: string): boolean => rank >= 0 && rank <= levels.indexOf(name);
  return {
    log_file: "",
    log_info: lets("info"),
    log_warning: lets("warn"),
    log_error: lets("error"),
    log_verbose_level: lets("trace") ? 2 : lets("debug") ? 1 : 0,
    log_format: "default",
  };
}

/** Most to say first. */
const levels = ["trace", "debug", "info", "warn", "error", "fatal"];
const mostVerbose = 2_147_483_647;

function refuseUnlessValid(settings: LogSettings, name: string, value: unknown): void {
  switch (name) {
    case "log_file":
      if (value === settings.log_file) return;
      throw refused("log file location can not be updated through network protocol");
    case "log_verbose_level":
      if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= mostVerbose) return;
      throw refused(`log_verbose_level is a whole number from 0 to ${mostVerbose}, got ${told(value)}`);
    case "log_format":
      if (value === "default" || value === "ISO8601") return;
      throw refused(`log_format is "default" or "ISO8601", got ${told(value)}`);
    default:
      if (typeof value === "boolean") return;
      throw refused(`${name} is true or false, got ${told(value)}`);
  }
}

/** A level is a threshold, but these are switches: whatever is off below the threshold is silenced by itself. */
function apply(log: Log, settings: LogSettings): void {
  log.level = thresholdOf(settings);
  const silent = (): void => {};
  if (!settings.log_info) log.info = silent;
  if (!settings.log_warning) log.warn = silent;
  if (!settings.log_error) log.error = silent;
}

function thresholdOf({ log_verbose_level, log_info, log_warning, log_error }: LogSettings): string {
  if (log_verbose_level > 0) return log_verbose_level > 1 ? "trace" : "debug";
  if (log_info) return "info";
  if (log_warning) return "warn";
  return log_error ? "error" : "fatal";
}
