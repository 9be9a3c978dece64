/** What the client takes from where it runs besides `fetch`: time and chance, which every JavaScript has alike. */
export type Surroundings = {
  /** Milliseconds that never run backwards. */
  readonly elapsed: () => number;
  /** Rejects with the signal's reason once that is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A number in [0, 1), for jitter. */
  readonly chance: () => number;
  /** Text that nobody else has. */
  readonly name: () => string;
};

export const surroundings: Surroundings = {
  elapsed: () => performance.now(),
  sleep,
  chance: () => Math.random(),
  // Not `randomUUID`, which pages without https don't have.
  name: () => [...crypto.getRandomValues(new Uint8Array(16))].map(inHex).join(""),
};

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(wake, ms);
    signal.addEventListener("abort", wake, { once: true });
    function wake(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    }
  });
}

function inHex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
