-- What keys used of models, by the hour: what a tenant is shown and charged. Gateways add to rows, they never replace.
CREATE TABLE usage_hours (
  tenant   text        NOT NULL,
  hour     timestamptz NOT NULL,
  key_id   text        NOT NULL,
  model    text        NOT NULL,
  requests bigint      NOT NULL,
  images   bigint      NOT NULL,
  cached   bigint      NOT NULL,
  failed   bigint      NOT NULL,
  nano_usd bigint      NOT NULL,
  PRIMARY KEY (tenant, hour, key_id, model)
);

-- The same summed up, since every gateway asks for the months of all tenants every few seconds. The first of a month, of UTC.
CREATE TABLE usage_months (
  month      date        NOT NULL,
  tenant     text        NOT NULL,
  images     bigint      NOT NULL,
  nano_usd   bigint      NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (month, tenant)
);

-- Which batches were added: a gateway that lost the answer tries again, and must not count twice.
CREATE TABLE usage_batches (
  id text        PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX usage_batches_at ON usage_batches (at);
