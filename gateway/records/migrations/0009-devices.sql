-- Who may become a device, and which devices there are. A token's secret is never here, nor any private key.
CREATE TABLE enrolments (
  id         text        PRIMARY KEY CHECK (id ~ '^enr_[0-9a-f]{12}$'),
  hash       text        NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
  -- What its device is given: none listed means all that are published.
  models     text[]      NOT NULL DEFAULT '{}',
  label      text        CHECK (label ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
  -- Where it is said, a device must say the same of itself.
  hardware   text        CHECK (char_length(hardware) BETWEEN 1 AND 100),
  uses_left  integer     NOT NULL DEFAULT 1 CHECK (uses_left >= 0),
  actor      text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX enrolments_created ON enrolments (created_at);

CREATE TABLE devices (
  id            text        PRIMARY KEY CHECK (id ~ '^dev_[0-9a-z]{26}$'),
  enrolment     text        NOT NULL REFERENCES enrolments (id),
  label         text        CHECK (label ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
  hardware      text        NOT NULL CHECK (char_length(hardware) BETWEEN 1 AND 100),
  agent         text        NOT NULL CHECK (char_length(agent) BETWEEN 1 AND 100),
  models        text[]      NOT NULL DEFAULT '{}',
  created_at    timestamptz NOT NULL DEFAULT now(),
  revoked_at    timestamptz,
  -- Its key was seen at two places: nothing is taken from it until an operator says otherwise.
  set_aside_at  timestamptz,
  set_aside_why text        CHECK (char_length(set_aside_why) BETWEEN 1 AND 300),
  -- The highest number of a proof, the proof that had it, and which of the 512 numbers up to it were used.
  last_number   bigint      NOT NULL DEFAULT 0 CHECK (last_number >= 0),
  last_proof    text        NOT NULL DEFAULT '',
  used_numbers  bit(512)    NOT NULL DEFAULT 0::bit(512),
  last_seen_at  timestamptz,
  -- What it said of itself last, and when.
  report        jsonb,
  reported_at   timestamptz,
  CHECK ((set_aside_at IS NULL) = (set_aside_why IS NULL))
  -- Room on each page, since its numbers change with each call.
) WITH (fillfactor = 70);
CREATE INDEX devices_label ON devices (label, id);
CREATE INDEX devices_enrolment ON devices (enrolment);

-- A key stays on record when it has ended, so that nobody is ever known by it again.
CREATE TABLE device_keys (
  thumbprint text        PRIMARY KEY CHECK (thumbprint ~ '^[A-Za-z0-9_-]{43}$'),
  device     text        NOT NULL REFERENCES devices (id),
  x          text        NOT NULL CHECK (x ~ '^[A-Za-z0-9_-]{43}$'),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Of a key that was exchanged: until when it is good beside the one that follows it.
  ends_at    timestamptz
);
CREATE INDEX device_keys_of ON device_keys (device);
CREATE UNIQUE INDEX device_keys_newest ON device_keys (device) WHERE ends_at IS NULL;
