-- Who a key belongs to, what it may do, and who changed that. Gateways keep tenants and keys in memory and read again
-- only what changed: every change carries its transaction, and is told on the channel tradewind_access.

CREATE TABLE tenants (
  id               text        PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
  limits           jsonb       NOT NULL DEFAULT '{"rates": []}',
  model_limits     jsonb       NOT NULL DEFAULT '{}',
  monthly_images   bigint      CHECK (monthly_images >= 0),
  monthly_nano_usd bigint      CHECK (monthly_nano_usd >= 0),
  retention_days   integer     NOT NULL DEFAULT 365 CHECK (retention_days BETWEEN 1 AND 3650),
  created_at       timestamptz NOT NULL DEFAULT now(),
  -- A row that vanished could not be found by who changed it last, so it stays.
  deleted_at       timestamptz,
  changed_xid      xid8        NOT NULL DEFAULT pg_current_xact_id()
);
INSERT INTO tenants (id) VALUES ('default');

ALTER TABLE api_keys
  ADD COLUMN tenant          text   NOT NULL DEFAULT 'default' REFERENCES tenants (id),
  ADD COLUMN scopes          text[] NOT NULL DEFAULT '{infer,usage}',
  -- NULL means all.
  ADD COLUMN models          text[],
  ADD COLUMN origins         text[] NOT NULL DEFAULT '{}',
  ADD COLUMN limits          jsonb  NOT NULL DEFAULT '{"rates": []}',
  ADD COLUMN expires_at      timestamptz,
  ADD COLUMN replaced_by     text   REFERENCES api_keys (id),
  ADD COLUMN overlap_ends_at timestamptz,
  ADD COLUMN last_used_at    timestamptz,
  ADD COLUMN changed_xid     xid8   NOT NULL DEFAULT pg_current_xact_id();

CREATE INDEX tenants_changed ON tenants (changed_xid);
CREATE INDEX api_keys_changed ON api_keys (changed_xid);
CREATE INDEX api_keys_of_tenant ON api_keys (tenant, id);

CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_xid := pg_current_xact_id();
  RETURN NEW;
END $$;

CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tradewind_access', '');
  RETURN NULL;
END $$;

-- When a key was last used is no change of who may come in: columns are named so that it stays quiet.
CREATE TRIGGER note_change BEFORE INSERT OR UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE ON tenants FOR EACH STATEMENT EXECUTE FUNCTION tell_change();
CREATE TRIGGER note_change BEFORE INSERT OR UPDATE OF
  id, name, hash, tenant, scopes, models, origins, limits, expires_at, replaced_by, overlap_ends_at, revoked_at
  ON api_keys FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OF
  id, name, hash, tenant, scopes, models, origins, limits, expires_at, replaced_by, overlap_ends_at, revoked_at
  ON api_keys FOR EACH STATEMENT EXECUTE FUNCTION tell_change();

CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are not removed: set %', TG_TABLE_NAME, TG_ARGV[0]
    USING ERRCODE = 'restrict_violation';
END $$;

-- Gateways would go on letting in what was removed behind their backs.
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON tenants
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal('deleted_at');
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON api_keys
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal('revoked_at');

-- What happened, for good: rows come in, and leave only when their tenant's retention is over.
CREATE TABLE audit_events (
  id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL DEFAULT now(),
  actor   text        NOT NULL,
  action  text        NOT NULL,
  subject text        NOT NULL,
  -- No reference: what happened outlives whom it happened to.
  tenant  text        NOT NULL,
  details jsonb       NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_events_of_tenant ON audit_events (tenant, id);
CREATE INDEX audit_events_at ON audit_events (at);

CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Whoever sets the flag by hand gets no further than the sweep would.
  IF TG_OP = 'DELETE' AND current_setting('tradewind.sweeping', true) = 'on' AND OLD.at < now() - make_interval(
    days => coalesce((SELECT retention_days FROM tenants WHERE tenants.id = OLD.tenant), 365)
  ) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'audit events are only ever added' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_rewriting BEFORE UPDATE OR DELETE ON audit_events
  FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER refuse_truncation BEFORE TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- At most so many in one go, so that a long neglected table holds nobody up; returns how many went.
CREATE FUNCTION sweep_audit_events(most integer) RETURNS bigint LANGUAGE plpgsql SET tradewind.sweeping = 'on' AS $$
DECLARE
  swept bigint;
BEGIN
  DELETE FROM audit_events WHERE id IN (
    SELECT event.id FROM audit_events event LEFT JOIN tenants ON tenants.id = event.tenant
    WHERE event.at < now() - make_interval(days => coalesce(tenants.retention_days, 365))
    ORDER BY event.at LIMIT most
  );
  GET DIAGNOSTICS swept = ROW_COUNT;
  RETURN swept;
END $$;
