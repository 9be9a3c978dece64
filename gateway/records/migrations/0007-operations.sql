-- Who may change the fleet now: one row, whose number grows each time that somebody takes over. Whoever writes what a
-- leader writes holds this row with the number that they have; after a takeover there is no such row any more.
CREATE TABLE fleet_leader (
  single boolean     PRIMARY KEY DEFAULT true CHECK (single),
  term   bigint      NOT NULL CHECK (term > 0),
  leader text        NOT NULL,
  since  timestamptz NOT NULL DEFAULT now()
);

-- Something new on its way to some providers, one after the other. The state is written before what follows from it is
-- done, so that whoever leads next goes on where the last one was.
CREATE TABLE rollouts (
  id         text        PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9-]{1,20}$'),
  wanted     jsonb       NOT NULL,
  state      jsonb       NOT NULL,
  -- What an operator wants of it, for as long as that was not done.
  wish       text        CHECK (wish IN ('promote', 'rollback')),
  wished_by  text,
  actor      text        NOT NULL,
  note       text        NOT NULL DEFAULT '' CHECK (char_length(note) <= 500),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Set together, once.
  outcome    text        CHECK (outcome IN ('done', 'rolled back')),
  ended_at   timestamptz,
  CHECK ((outcome IS NULL) = (ended_at IS NULL))
);
CREATE INDEX rollouts_active ON rollouts (created_at) WHERE outcome IS NULL;
CREATE INDEX rollouts_created ON rollouts (created_at);

-- Where nothing is to be changed: a provider, or all of them where none is named. Those that ended stay a while, since
-- what waited for their end counts its time from there.
CREATE TABLE freezes (
  id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider   text,
  actor      text        NOT NULL,
  why        text        NOT NULL CHECK (char_length(why) BETWEEN 1 AND 500),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- When it ends by itself, if it does.
  until      timestamptz,
  thawed_at  timestamptz,
  thawed_by  text
);

-- Requests by the minute, as the sums of the ledger grew: from these, demand is forecast.
CREATE TABLE demand (
  minute   timestamptz      NOT NULL,
  model    text             NOT NULL,
  requests double precision NOT NULL CHECK (requests >= 0),
  PRIMARY KEY (minute, model)
);
CREATE TABLE demand_looked (
  single boolean   PRIMARY KEY DEFAULT true CHECK (single),
  at     timestamptz NOT NULL
);

-- What was done to a provider's size last, and what its platform did not have.
CREATE TABLE scalings (
  provider      text        PRIMARY KEY,
  wanted        jsonb,
  changed_at    timestamptz,
  refused_until timestamptz,
  refused_count integer,
  refused_code  text,
  refused_why   text
);
