/** What answers say beside their bodies; a route names those that it may send. */
export const answerHeaders = {
  "X-Request-Id":
    "This request's id, which a report of a problem should name; yours, if you sent a sensible one.",
  traceparent: "The gateway's own place in your trace (W3C Trace Context).",
  "Cache-Status":
    "Whether the answer to a single image came out of the cache, and how long it stays fresh (RFC 9211), such as `tradewind; hit; ttl=3590`.",
  RateLimit:
    'What is left of each limit, such as `"key";r=7;t=1`: seven requests, and a second until it is full again.',
  "RateLimit-Policy": 'The limits that count for this key, such as `"key";q=10;w=1`.',
  "Retry-After": "So many seconds until the same request may have another answer.",
  "Server-Timing": "Milliseconds in each part of the way, such as `inference;dur=10.2, total;dur=12.5`.",
  "Tradewind-Decision":
    'For keys with the scope `explain`, where a single image asked a backend: who answered and why it was asked (RFC 9651), such as `ours-ecs;why="cheapest in time";predicted=41.2;usd-per-million=3.1;tries=1`.',
  "Idempotent-Replayed":
    "`true` where the answer is that of an earlier request with the same `Idempotency-Key`.",
  "WWW-Authenticate": 'How to show a key: `Bearer realm="tradewind"`.',
  ETag: "Changes when the content does.",
  "Tradewind-Edge":
    "`1` on whatever is answered to devices: an answer without it is by somebody else, such as a network's sign-in page.",
  "Tradewind-Nonce":
    "For the next proof of a device whose clock is off: with it the proof's `iat` is not looked at. Good for two minutes.",
} as const satisfies Readonly<Record<string, string>>;

export type AnswerHeader = keyof typeof answerHeaders;

/** On whatever the gateway answers. */
export const onEveryAnswer: readonly AnswerHeader[] = ["X-Request-Id", "traceparent"];

export function headerComponents(): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(answerHeaders).map(([name, description]) => [
      name,
      { description, schema: { type: name === "Retry-After" ? "integer" : "string" } },
    ]),
  );
}

export function headerReferences(names: Iterable<AnswerHeader>): Readonly<Record<string, object>> {
  return Object.fromEntries([...names].map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
