// Sends an image to Tradewind and prints what is in it, a line each: name, score, x1, y1, x2, y2.
// TRADEWIND_URL=http://127.0.0.1:8080 TRADEWIND_KEY=tw_... node detect.ts IMAGE [MODEL]
import { readFile } from "node:fs/promises";

type Box = { x1: number; y1: number; x2: number; y2: number };
type Answer = { detections: { name: string; score: number; box: Box }[] };

const { TRADEWIND_URL: url, TRADEWIND_KEY: key } = process.env;
const [image = "sample.jpg", model = "digits-s"] = process.argv.slice(2);

const response = await fetch(`${url}/v1/models/${model}/detect`, {
  method: "POST",
  headers: { authorization: `Bearer ${key}`, "content-type": "application/octet-stream" },
  body: await readFile(image),
});
if (!response.ok) throw new Error(await response.text());

const { detections } = (await response.json()) as Answer;
for (const { name, score, box } of detections) console.log(name, score, box.x1, box.y1, box.x2, box.y2);
