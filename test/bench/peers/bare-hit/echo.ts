import { answerJson, serveAlone } from "../../gateway/answering-server.ts";
import { answer } from "../../gateway/constant-answer.ts";

/** The least that a server on Node can do for a hit: take the body in and give a constant back. */
const found = Buffer.from(answer);

serveAlone((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    Buffer.concat(chunks);
    answerJson(response, found);
  });
});
