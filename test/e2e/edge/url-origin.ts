import type { Origin, OriginAnswer } from "#edge/fetch/origin.ts";

/** Lists and files from wherever two addresses say, by plain HTTP. */
export function urlOrigin(places: {
  readonly metadata: string;
  readonly targets?: string | undefined;
}): Origin {
  const under = (base: string | undefined, rest: string): string =>
    `${(base ?? "").replace(/\/*$/, "")}/${rest}`;
  return {
    name: places.metadata,
    get: async ({ address, signal }) => {
      const [folder = "", ...rest] = address.split("/");
      const base = folder === "metadata" ? places.metadata : places.targets;
      return answerOf(await fetch(under(base, rest.join("/")), { signal, redirect: "manual" }));
    },
  };
}

function answerOf(response: Response): OriginAnswer {
  return {
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    body: response.body ?? new ReadableStream<Uint8Array>({ start: (stream) => stream.close() }),
    leave: () => {
      if (!response.body?.locked) response.body?.cancel().catch(() => undefined);
    },
  };
}
