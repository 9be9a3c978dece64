import { Redis } from "ioredis";

export type Ask = (caller: string, digest: string) => Promise<void>;

/**
 * A rate by Redis's own clock, kept as the moment at which everything that was let in has drained.
 * KEYS[1] whose; ARGV[1] microseconds a request, ARGV[2] microseconds of burst; returns 1 where it is let in.
 */
const limit = `local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local drained = math.max(tonumber(redis.call("GET", KEYS[1]) or "0"), now) + tonumber(ARGV[1])
if drained - now > tonumber(ARGV[2]) then return 0 end
redis.call("SET", KEYS[1], string.format("%.0f", drained), "PX", 60000)
return 1`;

/** One round trip for each request: the limit's script by its hash, and a look-up of the image's digest. */
export async function openPipeline(url: string): Promise<Ask> {
  const redis = new Redis(url, { keyPrefix: "bare:" });
  const script = String(await redis.script("LOAD", limit));
  return async (caller, digest) => {
    const pipeline = redis.pipeline();
    pipeline.evalsha(script, 1, `rate:${caller}`, 1, 10_000_000);
    pipeline.getBuffer(`answer:${digest}`);
    const replies = (await pipeline.exec()) ?? [];
    for (const [error] of replies) if (error) throw error;
    if (replies[0]?.[1] !== 1) throw new Error("the limit refused, which this bench never reaches");
  };
}
