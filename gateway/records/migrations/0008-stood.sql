-- When demand was looked at first: of what came before, only the ledger's full hours tell all.
ALTER TABLE demand_looked ADD COLUMN since timestamptz;
UPDATE demand_looked SET since = at;
ALTER TABLE demand_looked ALTER COLUMN since SET NOT NULL;

-- How many instances of a provider ran, summed over the looks in an hour: of all that stand behind one address the ledger
-- sees one.
CREATE TABLE stood (
  provider text        NOT NULL,
  hour     timestamptz NOT NULL,
  looks    integer     NOT NULL CHECK (looks > 0),
  running  bigint      NOT NULL CHECK (running >= 0),
  PRIMARY KEY (provider, hour)
);
CREATE INDEX stood_hour ON stood (hour);
