-- Releases of models on their way to devices, ring by ring. What the rings are and what holds them is as it was at the
-- start; the counts of what devices reported are part of the progress, and change in the transaction that takes a report.
CREATE TABLE edge_rollouts (
  id         text PRIMARY KEY,
  -- The later one counts, whatever the clocks say.
  number     bigint      GENERATED ALWAYS AS IDENTITY,
  model      text        NOT NULL,
  release    bigint      NOT NULL CHECK (release > 0),
  rings      jsonb       NOT NULL,
  gate       jsonb       NOT NULL,
  state      text        NOT NULL
    CHECK (state IN ('running', 'paused', 'done', 'stopped', 'rolled back', 'superseded')),
  progress   jsonb       NOT NULL,
  why        text        NOT NULL DEFAULT '',
  actor      text        NOT NULL,
  note       text        NOT NULL DEFAULT '',
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at   timestamptz
);
CREATE UNIQUE INDEX edge_rollouts_active ON edge_rollouts (model) WHERE state IN ('running', 'paused');
CREATE INDEX edge_rollouts_model ON edge_rollouts (model, number DESC);

-- What became of a rollout's release on each device: one row, however often it reports.
CREATE TABLE edge_rollout_outcomes (
  rollout   text        NOT NULL REFERENCES edge_rollouts (id) ON DELETE CASCADE,
  device    text        NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  -- In which it was counted.
  ring      integer     NOT NULL,
  kind      text        NOT NULL CHECK (kind IN ('trying', 'succeeded', 'hindered', 'failed')),
  cause     text,
  agreement integer,
  at        timestamptz NOT NULL,
  PRIMARY KEY (rollout, device)
);
CREATE INDEX edge_rollout_outcomes_device ON edge_rollout_outcomes (device);

-- How often a device was last told to ask, by which its silence is judged.
ALTER TABLE devices ADD COLUMN poll_ms integer CHECK (poll_ms > 0);

-- Of each model of a device: what it was last told to run and since when, and what it last said to run.
CREATE TABLE device_models (
  device          text   NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  model           text   NOT NULL,
  planned         bigint,
  planned_why     text,
  planned_rollout text,
  planned_at      timestamptz,
  active          bigint,
  previous        bigint,
  -- The highest release that it ever ran.
  highest         bigint NOT NULL DEFAULT 0,
  report          jsonb,
  reported_at     timestamptz,
  PRIMARY KEY (device, model)
);

-- Devices that stay at a release whatever is rolled out.
CREATE TABLE device_pins (
  device     text        NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  model      text        NOT NULL,
  release    bigint      NOT NULL CHECK (release > 0),
  actor      text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (device, model)
);
