-- A key's secret is never here: only its SHA-256, which is enough for 192 random bits and cheap enough for every request.
CREATE TABLE api_keys (
  id         text        PRIMARY KEY,
  name       text        NOT NULL,
  hash       text        NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);
