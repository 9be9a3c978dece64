import { createTimeline } from "../clouds/timeline.ts";
import { runStory } from "./run-story.ts";

const timeline = createTimeline((line) => console.log(line));
const findings = await runStory(timeline.say);
for (const finding of findings) console.log(`finding: ${finding}`);
console.log(findings.length === 0 ? "held: two devices, four releases, two of them bad" : "NOT held");
process.exit(findings.length === 0 ? 0 : 1);
