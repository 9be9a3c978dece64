import type { Session } from "#inference/engine/session.ts";
import { openSessionThread } from "#inference/engine/session-thread.ts";
import type { OpenModelOptions } from "#inference/open-model.ts";

type OpenSession = NonNullable<OpenModelOptions["openSession"]>;

/**
 * Sessions that say when they compute: while they load and in every run, by whichever door it came and whether or not
 * anybody still waits for it. Images that wait, or are only being unpacked, are not what kills a process.
 */
export function markSessions(begin: () => Disposable, open: OpenSession = openSessionThread): OpenSession {
  return async function openMarked(options) {
    using _ = begin();
    return marked(await open(options), begin);
  };
}

function marked(session: Session, begin: () => Disposable): Session {
  const { placement, ended, kill } = session;
  return {
    ...{ placement, ended, kill },
    close: () => session.close(),
    run: async (runs, options) => {
      using _ = begin();
      return await session.run(runs, options);
    },
  };
}
