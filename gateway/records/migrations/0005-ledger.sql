-- How requests found their backends, one by one, for a day or so: who could have answered, who was asked, what came of
-- it. An id that a caller chose may come again, so nothing here is unique but what the table numbers itself.
CREATE TABLE decisions (
  id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  request_id text        NOT NULL,
  image      integer     NOT NULL,
  at         timestamptz NOT NULL,
  tenant     text        NOT NULL,
  model      text        NOT NULL,
  -- Empty where nobody answered.
  backend    text        NOT NULL,
  detail     jsonb       NOT NULL,
  -- By the database's own clock, which all gateways share.
  kept_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX decisions_of_request ON decisions (request_id, id);
CREATE INDEX decisions_at ON decisions (at, id);
CREATE INDEX decisions_kept_at ON decisions (kept_at);

-- The same summed up by the hour, with what was spent beside requests. Gateways add to rows, they never replace.
CREATE TABLE ledger_hours (
  tenant             text             NOT NULL,
  hour               timestamptz      NOT NULL,
  model              text             NOT NULL,
  backend            text             NOT NULL,
  kind               text             NOT NULL CHECK (kind IN ('request', 'agreement', 'shadow', 'wake', 'probe')),
  requests           bigint           NOT NULL,
  failed             bigint           NOT NULL,
  missed             bigint           NOT NULL,
  hedges             bigint           NOT NULL,
  retries            bigint           NOT NULL,
  predicted_ms       double precision NOT NULL,
  real_ms            double precision NOT NULL,
  usd                double precision NOT NULL,
  cheapest_other_usd double precision NOT NULL,
  dearest_other_usd  double precision NOT NULL,
  bytes              bigint           NOT NULL,
  -- How long requests took, in buckets that can be added up.
  sketch             jsonb,
  -- What the cloud's bill says, once it has come.
  billed_usd         double precision,
  PRIMARY KEY (tenant, hour, model, backend, kind)
);
CREATE INDEX ledger_hours_hour ON ledger_hours (hour);

-- Which batches were added: a gateway that lost the answer tries again, and must not count twice.
CREATE TABLE ledger_batches (
  id text        PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ledger_batches_at ON ledger_batches (at);
