-- What each gateway found out about backends that are tried out or held against each other. A gateway replaces its own
-- rows; whoever reads adds up those of all of them.
CREATE TABLE trial_findings (
  gateway   text        NOT NULL,
  model     text        NOT NULL,
  backend   text        NOT NULL,
  -- What was tried, how far it was: facts of another step are no facts of this one.
  step      text        NOT NULL,
  -- Of the weights, as the backend says it.
  version   text        NOT NULL,
  facts     jsonb       NOT NULL,
  state     text        NOT NULL CHECK (state IN ('unknown', 'agrees', 'drifts')),
  is_barred boolean     NOT NULL,
  why       text        NOT NULL,
  at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gateway, model, backend)
);
CREATE INDEX trial_findings_at ON trial_findings (at);
