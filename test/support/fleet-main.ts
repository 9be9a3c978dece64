import process from "node:process";
import { runFleet } from "#gateway/operations/run.ts";
import { openRemoteControl } from "./remote-controls.ts";

/** `tradewind fleet` on platforms that the process of a test serves. */
const { FAKE_PLATFORMS: url = "" } = process.env;
const open = (_settings: unknown, _surroundings: unknown, name: string) => openRemoteControl(url, name);
process.exit(await runFleet(process, process.argv.slice(2), { open }));
