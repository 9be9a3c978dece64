import { answerJson, serveAlone } from "../../gateway/answering-server.ts";
import { answer } from "../../gateway/constant-answer.ts";
import { openPipeline } from "../bare-proxy/pipeline.ts";
import { readHashed } from "../bare-proxy/read-hashed.ts";

/** A hit without our code: the body is read and hashed, one pipeline asks Redis, the answer is a constant. */
const ask = await openPipeline(process.argv[2] ?? "");
const found = Buffer.from(answer);

serveAlone((request, response) => {
  readHashed(request)
    .then(({ digest }) => ask(request.headers.authorization ?? "", digest))
    .then(() => answerJson(response, found))
    .catch((error: unknown) => response.writeHead(500).end(String(error)));
});
