CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE peer (
  number   INTEGER PRIMARY KEY,
  node     TEXT NOT NULL,
  alias    TEXT NOT NULL,
  record   BLOB NOT NULL,
  endpoint TEXT NOT NULL,
  words    TEXT NOT NULL,
  paired   INTEGER NOT NULL,
  blocked  INTEGER NOT NULL,
  stopped  TEXT NOT NULL,
  owner    TEXT NOT NULL,
  removed  INTEGER NOT NULL,
  shown    BLOB NOT NULL,
  declared INTEGER NOT NULL
);
CREATE UNIQUE INDEX peer_node ON peer (node) WHERE removed = 0;
CREATE UNIQUE INDEX peer_alias ON peer (alias) WHERE removed = 0;

CREATE TABLE alias (
  alias TEXT PRIMARY KEY,
  node  TEXT NOT NULL,
  until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE journal (
  peer        INTEGER PRIMARY KEY,
  next        INTEGER NOT NULL,
  h_next      BLOB NOT NULL,
  out         INTEGER NOT NULL,
  h_out       BLOB NOT NULL,
  credit      INTEGER NOT NULL,
  cursor      INTEGER NOT NULL,
  h           BLOB NOT NULL,
  committed   INTEGER NOT NULL,
  h_committed BLOB NOT NULL,
  tail        BLOB NOT NULL,
  life        TEXT NOT NULL,
  fork        TEXT NOT NULL,
  low         INTEGER NOT NULL,
  tries       INTEGER NOT NULL,
  heard       INTEGER NOT NULL
);

CREATE TABLE message (
  seq          INTEGER PRIMARY KEY,
  id           TEXT NOT NULL,
  direction    TEXT NOT NULL,
  peer         INTEGER NOT NULL,
  sender       TEXT NOT NULL,
  recipient    TEXT NOT NULL,
  want         TEXT NOT NULL,
  conversation TEXT NOT NULL,
  created      INTEGER NOT NULL,
  expires      INTEGER NOT NULL,
  accepted     INTEGER NOT NULL,
  slot         INTEGER NOT NULL,
  state        TEXT NOT NULL,
  since        INTEGER NOT NULL,
  reason       TEXT NOT NULL,
  by           TEXT NOT NULL,
  attempt      INTEGER NOT NULL,
  started      INTEGER NOT NULL,
  late         INTEGER NOT NULL,
  redelivered  INTEGER NOT NULL,
  request_key  TEXT NOT NULL,
  digest       BLOB NOT NULL,
  read         TEXT NOT NULL DEFAULT '',
  ended        INTEGER NOT NULL
);
CREATE INDEX message_id ON message (id);
CREATE INDEX message_request ON message (sender, request_key) WHERE request_key <> '';
CREATE INDEX message_open ON message (peer, seq) WHERE ended = 0;
CREATE INDEX message_unknown ON message (peer, seq) WHERE state = 'unknown';

CREATE TABLE body (
  message INTEGER PRIMARY KEY,
  salt    BLOB NOT NULL,
  data    BLOB NOT NULL
);

CREATE TABLE entry (
  seq     INTEGER PRIMARY KEY,
  peer    INTEGER NOT NULL,
  sent    INTEGER NOT NULL,
  message INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  id      TEXT NOT NULL,
  at      INTEGER NOT NULL,
  slot    INTEGER NOT NULL,
  what    TEXT NOT NULL,
  state   TEXT NOT NULL,
  salt    BLOB NOT NULL,
  data    BLOB NOT NULL
);
CREATE INDEX entry_message ON entry (message);
CREATE INDEX entry_waiting ON entry (peer, seq) WHERE slot = 0 AND sent = 1;

CREATE TABLE hold (
  message  INTEGER PRIMARY KEY,
  key      TEXT NOT NULL,
  at       INTEGER NOT NULL,
  taint    BLOB NOT NULL,
  approved BLOB NOT NULL,
  digest   BLOB NOT NULL,
  answer   TEXT NOT NULL,
  answered INTEGER NOT NULL,
  reason   TEXT NOT NULL
);
CREATE INDEX hold_refused ON hold (answered) WHERE answer = 'refused';

CREATE TABLE approval (
  id    TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  data  BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE frame (
  seq     INTEGER PRIMARY KEY,
  peer    INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  first   INTEGER NOT NULL,
  count   INTEGER NOT NULL,
  acked   INTEGER NOT NULL,
  signed  BLOB NOT NULL,
  control BLOB NOT NULL
);

CREATE TABLE agent (
  name  TEXT PRIMARY KEY,
  spec  BLOB NOT NULL,
  added INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE token (
  id      TEXT PRIMARY KEY,
  agent   TEXT NOT NULL,
  hash    BLOB NOT NULL,
  note    TEXT NOT NULL,
  created INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE decision (
  place   INTEGER PRIMARY KEY,
  n       INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  message TEXT NOT NULL,
  data    BLOB NOT NULL
);
CREATE INDEX decision_message ON decision (message);
CREATE INDEX decision_at ON decision (at);

CREATE TABLE law (
  since    INTEGER PRIMARY KEY,
  revision TEXT NOT NULL,
  texts    BLOB NOT NULL
);

CREATE TABLE invite (
  id      TEXT PRIMARY KEY,
  public  TEXT NOT NULL,
  alias   TEXT NOT NULL,
  expires INTEGER NOT NULL,
  used_by TEXT NOT NULL,
  answer  BLOB NOT NULL,
  reuse   INTEGER NOT NULL
) WITHOUT ROWID;
