-- People whose mail address was verified.
CREATE TABLE accounts (
  account_id uuid PRIMARY KEY,
  -- As it was typed; what identifies is the lower-cased form.
  email text NOT NULL,
  email_lower text NOT NULL CONSTRAINT accounts_email UNIQUE,
  display_name text NOT NULL,
  bio text NOT NULL DEFAULT '',
  language text NOT NULL DEFAULT 'en',
  time_zone text NOT NULL DEFAULT 'UTC',
  -- Of author, moderator, editor, admin; sorted.
  roles text[] NOT NULL DEFAULT '{}',
  -- Argon2id; empty for those who log in by link only.
  password_hash text NOT NULL DEFAULT '',
  create_time timestamptz NOT NULL,
  version bigint NOT NULL DEFAULT 1
);
CREATE INDEX accounts_by_time ON accounts (create_time, account_id);
CREATE INDEX accounts_by_name ON accounts (lower(display_name) text_pattern_ops);
CREATE INDEX accounts_of_admins ON accounts (account_id) WHERE 'admin' = ANY (roles);

-- The audit trail of roles: who gave which to whom. Kept for good.
CREATE TABLE role_changes (
  change_id uuid PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES accounts (account_id),
  -- The admin; NULL when it was done from the command line.
  changed_by uuid REFERENCES accounts (account_id),
  roles_before text[] NOT NULL,
  roles_after text[] NOT NULL,
  create_time timestamptz NOT NULL
);
CREATE INDEX role_changes_of_account ON role_changes (account_id, create_time);

-- Sign-ups that wait for their verification, whether or not the address is
-- known: nothing in a row tells which. Deleted a day after they expire.
CREATE TABLE sign_ups (
  sign_up_id uuid PRIMARY KEY,
  email text NOT NULL,
  email_lower text NOT NULL,
  -- Keyed hash of the canonical address.
  person_key bytea NOT NULL,
  display_name text NOT NULL,
  -- Emptied when the address is verified.
  password_hash text NOT NULL,
  intent smallint NOT NULL,
  return_path text NOT NULL,
  -- Hash of the link's token, keyed hash of the code.
  token_hash bytea NOT NULL CONSTRAINT sign_ups_token UNIQUE,
  code_hash bytea NOT NULL,
  code_tries integer NOT NULL DEFAULT 0,
  resends integer NOT NULL DEFAULT 0,
  create_time timestamptz NOT NULL,
  resend_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,
  verify_time timestamptz
);
CREATE INDEX sign_ups_by_expiry ON sign_ups (expire_time);

-- Logins on devices. No address and no agent is kept with them.
CREATE TABLE sessions (
  session_id uuid PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES accounts (account_id),
  token_hash bytea NOT NULL CONSTRAINT sessions_token UNIQUE,
  create_time timestamptz NOT NULL,
  -- To the hour.
  last_use_time timestamptz NOT NULL,
  -- When it ends at the latest; it ends earlier when it lies idle.
  expire_time timestamptz NOT NULL
);
CREATE INDEX sessions_of_account ON sessions (account_id, create_time);
CREATE INDEX sessions_by_expiry ON sessions (expire_time);
CREATE INDEX sessions_by_use ON sessions (last_use_time);

-- Links in mails that log in or reset a password. Deleted when used.
CREATE TABLE one_time_tokens (
  token_hash bytea PRIMARY KEY,
  -- login or reset.
  purpose text NOT NULL CHECK (purpose IN ('login', 'reset')),
  account_id uuid NOT NULL REFERENCES accounts (account_id),
  return_path text NOT NULL,
  expire_time timestamptz NOT NULL
);
CREATE INDEX one_time_tokens_of_account ON one_time_tokens (account_id);
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expire_time);

-- Credentials of programs.
CREATE TABLE access_tokens (
  token_id uuid PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES accounts (account_id),
  secret_hash bytea NOT NULL CONSTRAINT access_tokens_secret UNIQUE,
  display_name text NOT NULL,
  scopes text[] NOT NULL,
  create_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,
  -- To the hour; NULL if it was never used.
  last_use_time timestamptz
);
CREATE INDEX access_tokens_of_account ON access_tokens (account_id, create_time);
CREATE INDEX access_tokens_by_expiry ON access_tokens (expire_time);

-- Mails on their way. Recipient and bytes are erased when a mail is finished,
-- the row goes a week later. A row without a recipient stands for a mail that
-- is never sent: a request about an unknown address costs what a known one does.
CREATE TABLE mails (
  mail_id uuid PRIMARY KEY,
  recipient text NOT NULL,
  bytes bytea NOT NULL,
  create_time timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  -- When to try next; while a worker holds the mail, when its lease ends.
  attempt_time timestamptz NOT NULL,
  finish_time timestamptz,
  -- delivered, refused, dropped or unaddressed once it is finished.
  outcome text NOT NULL DEFAULT ''
);
CREATE INDEX mails_waiting ON mails (attempt_time) WHERE finish_time IS NULL;
CREATE INDEX mails_finished ON mails (finish_time) WHERE finish_time IS NOT NULL;
