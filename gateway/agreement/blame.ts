/** What is known of two backends of one model. */
export type Edge = {
  readonly backend: string;
  readonly peer: string;
  /** Their answers are shown to differ more than the route allows. */
  readonly isLow: boolean;
  /** They are shown to agree enough. */
  readonly isHigh: boolean;
  /** They agree as far as one can see, and nothing of late speaks against it; never where they are shown to differ. */
  readonly isJoined: boolean;
};

export type Standing = {
  readonly state: "unknown" | "agrees" | "drifts";
  /** Whether it is this one that is wrong, and not whom it disagrees with. */
  readonly blamed: boolean;
  readonly against: readonly string[];
};

/**
 * Who is wrong where two disagree. Among equals it is the one outside of the group that agrees among itself, if that
 * group is more than half of all who were compared; without such a group, as of two, both are suspected and neither is
 * blamed. A candidate is on trial: it is blamed wherever it disagrees with one that nothing else speaks against, and its
 * own voice speaks against nobody.
 */
export function standingsOf(
  edges: readonly Edge[],
  candidates: ReadonlySet<string>,
): ReadonlyMap<string, Standing> {
  const among = edges.filter(({ backend, peer }) => !candidates.has(backend) && !candidates.has(peer));
  const majority = majorityOf(among);
  const standings = new Map<string, Standing>();
  for (const backend of backendsOf(among)) {
    const outside = !majority.has(backend);
    standings.set(
      backend,
      standingOf(backend, among, (peer) => outside && majority.has(peer)),
    );
  }
  const isFlagged = (backend: string) => standings.get(backend)?.state === "drifts";
  for (const candidate of candidates) {
    const trial = edges.filter(
      ({ backend, peer }) =>
        (backend === candidate && !candidates.has(peer)) || (peer === candidate && !candidates.has(backend)),
    );
    if (trial.length > 0)
      standings.set(
        candidate,
        standingOf(candidate, trial, (peer) => !isFlagged(peer)),
      );
  }
  return cleared(standings);
}

/** Whoever disagrees with the blamed alone has nothing to answer for. */
function cleared(standings: ReadonlyMap<string, Standing>): ReadonlyMap<string, Standing> {
  const isBlamed = (backend: string) => standings.get(backend)?.blamed === true;
  return new Map(
    Array.from(standings, ([backend, standing]) => {
      const excused = standing.state === "drifts" && !standing.blamed && standing.against.every(isBlamed);
      return [backend, excused ? { state: "agrees", blamed: false, against: [] } : standing];
    }),
  );
}

function standingOf(
  backend: string,
  edges: readonly Edge[],
  speaksAgainst: (peer: string) => boolean,
): Standing {
  const own = edges.filter((edge) => edge.backend === backend || edge.peer === backend);
  const against = own.filter(({ isLow }) => isLow).map((edge) => peerOf(backend, edge));
  if (against.length > 0) return { state: "drifts", blamed: against.some(speaksAgainst), against };
  return { state: own.some(({ isHigh }) => isHigh) ? "agrees" : "unknown", blamed: false, against };
}

/** The largest group that hangs together, if it is more than half of all of whom anything is known; else nobody. */
function majorityOf(edges: readonly Edge[]): ReadonlySet<string> {
  const known = edges.filter(({ isLow, isJoined }) => isLow || isJoined);
  const unseen = backendsOf(known);
  const all = unseen.size;
  const neighbours = neighboursOf(known);
  for (const start of unseen) {
    const group = new Set([start]);
    for (const backend of group) for (const next of neighbours.get(backend) ?? []) group.add(next);
    if (group.size > 1 && group.size * 2 > all) return group;
    for (const backend of group) unseen.delete(backend);
  }
  return new Set();
}

function neighboursOf(edges: readonly Edge[]): ReadonlyMap<string, readonly string[]> {
  const neighbours = new Map<string, string[]>();
  const join = (from: string, to: string): void => {
    const known = neighbours.get(from);
    if (known) known.push(to);
    else neighbours.set(from, [to]);
  };
  for (const { backend, peer, isJoined } of edges) {
    if (!isJoined) continue;
    join(backend, peer);
    join(peer, backend);
  }
  return neighbours;
}

function backendsOf(edges: readonly Edge[]): Set<string> {
  return new Set(edges.flatMap(({ backend, peer }) => [backend, peer]));
}

function peerOf(backend: string, edge: Edge): string {
  return edge.backend === backend ? edge.peer : edge.backend;
}
