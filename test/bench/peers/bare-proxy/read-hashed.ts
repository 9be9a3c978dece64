import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";

export type Hashed = { readonly body: Buffer; readonly digest: string };

/** The whole body in one piece, and its SHA-256. */
export function readHashed(request: IncomingMessage): Promise<Hashed> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", reject);
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      resolve({ body, digest: createHash("sha256").update(body).digest("hex") });
    });
  });
}
