import { parseArgs } from "node:util";
import type { Judged } from "./judge-traffic.ts";
import { runStory, type Story } from "./run-story.ts";
import { createTimeline } from "./timeline.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const timeline = createTimeline((line) => console.log(line));
const story = await runStory({ timeline, isQuick: values.quick });
console.log(report(story));
process.exitCode = isWell(story) ? 0 : 1;

/** What this run must reach: nobody without an answer, and so many in time. */
function isWell({ whole, findings }: Story): boolean {
  return whole.failed === 0 && whole.inTime >= 0.995 && findings.length === 0;
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
