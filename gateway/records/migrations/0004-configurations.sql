-- Every configuration that was ever published, for good; the one with the highest number is the one that counts. Numbers
-- have no gaps, since whoever publishes holds a lock until the row is there for all to see.
CREATE TABLE configurations (
  version    bigint      PRIMARY KEY CHECK (version > 0),
  sha256     text        NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  text       text        NOT NULL CHECK (octet_length(text) BETWEEN 1 AND 1048576),
  source     text        NOT NULL CHECK (source IN ('file', 'sighup', 'admin', 'rollback')),
  actor      text        NOT NULL,
  note       text        NOT NULL DEFAULT '' CHECK (char_length(note) <= 500),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX configurations_by_text ON configurations (sha256, version);

CREATE FUNCTION tell_configuration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tradewind_configuration', '');
  RETURN NULL;
END $$;
CREATE TRIGGER tell_configuration AFTER INSERT ON configurations
  FOR EACH STATEMENT EXECUTE FUNCTION tell_configuration();

CREATE FUNCTION refuse_other_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'configurations are only ever added' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_rewriting BEFORE UPDATE OR DELETE ON configurations
  FOR EACH ROW EXECUTE FUNCTION refuse_other_history();
CREATE TRIGGER refuse_truncation BEFORE TRUNCATE ON configurations
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_other_history();
