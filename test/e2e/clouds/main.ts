import { parseArgs } from "node:util";
import type { Judged } from "./judge-traffic.ts";
import { runStory, type Story } from "./run-story.ts";
import { createTimeline } from "./timeline.ts";

const flag = { type: "boolean", default: false } as const;
const { values } = parseArgs({ options: { quick: flag, smoke: flag } });
const length = values.smoke ? "smoke" : values.quick ? "quick" : "full";
const timeline = createTimeline((line) => console.log(line));
const story = await runStory({ timeline, length });
console.log(report(story));
process.exitCode = isWell(story) ? 0 : 1;

/** What a run must reach: nobody without an answer, and so many in time; a smoke shares its machine, so its times say nothing. */
function isWell({ whole, findings }: Story): boolean {
  const isInTime = length === "smoke" || whole.inTime >= 0.995;
  return whole.failed === 0 && isInTime && findings.length === 0;
}

function report(story: Story): string {
  const { whole, stretches, findings, capacityPerSecond, perSecond, sloMs, samples } = story;
  const failures = samples.filter(({ status }) => status !== 200).slice(0, 10);
  return [
    "",
    `capacity ${capacityPerSecond.toFixed(1)} images/s, sent ${perSecond}/s, SLO ${sloMs} ms`,
    ...[...stretches, whole].map(line),
    ...failures.map(({ status, code }) => `failed: ${status} ${code}`),
    ...findings.map((finding) => `finding: ${finding}`),
    isWell(story) ? "held: no failed request, 99.5 % or more in time" : "NOT held",
  ].join("\n");
}

function line({ name, seconds, requests, failed, inTime, p50Ms, p99Ms, by }: Judged): string {
  const whose = Object.entries(by).map(([provider, count]) => `${provider} ${count}`);
  const share = `${(100 * inTime).toFixed(2)} % in time`;
  return `${name}: ${seconds} s, ${requests} images, ${failed} failed, ${share}, p50 ${p50Ms} ms, p99 ${p99Ms} ms (${whose.join(", ")})`;
}
