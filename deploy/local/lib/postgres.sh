# The private PostgreSQL cluster: one database and one role for each service.
# Sourced by up and backup.
# shellcheck shell=bash

# Sets PG_BIN: one version for the cluster, its dumps and their restore.
find_postgres() {
  local bin
  for bin in /usr/lib/postgresql/15/bin /usr/lib/postgresql/*/bin; do
    if [[ -x $bin/initdb ]]; then PG_BIN=$bin && return; fi
  done
  return 1
}

# Finds the programs, the user to run as (initdb and postgres refuse root) and a
# folder for the cluster which that user can reach. Sets PG_BIN, PG_HOME,
# AS_POSTGRES and AS_POSTGRES_OPTIONS.
prepare_postgres() {
  local fallback
  find_postgres || die "PostgreSQL is not installed; run deploy/local/install"
  AS_POSTGRES=() AS_POSTGRES_OPTIONS=()
  if ((EUID == 0)); then
    id -u postgres >/dev/null 2>&1 || die "there is no user postgres to run PostgreSQL as"
    AS_POSTGRES_OPTIONS=(--reuid=postgres --regid=postgres --init-groups)
    AS_POSTGRES=(setpriv "${AS_POSTGRES_OPTIONS[@]}" --)
  fi
  PG_HOME=$STATE/postgres
  mkdir -p "$PG_HOME"
  if ! "${AS_POSTGRES[@]}" test -x "$PG_HOME"; then
    rmdir "$PG_HOME"
    fallback=/var/tmp/rostrum-$(sha256sum <<<"$STATE" | cut -c1-12)
    (umask 022 && mkdir -p "$fallback")
    [[ -O $fallback && ! -L $fallback ]] || die "$fallback belongs to somebody else"
    PG_HOME=$fallback/postgres
    mkdir -p "$PG_HOME"
    say "up: user postgres cannot reach $STATE: the databases are in $fallback"
  fi
  if ((EUID == 0)); then chown postgres: "$PG_HOME"; fi
  chmod 700 "$PG_HOME"
}

# Makes the cluster on first use; a half-made one is never taken for whole.
make_cluster() {
  [[ ! -d $PG_HOME/data ]] || return 0
  rm -rf "$PG_HOME/new" "$PG_HOME/superuser"
  (umask 077 && secret postgres >"$PG_HOME/superuser")
  if ((EUID == 0)); then chown postgres: "$PG_HOME/superuser"; fi
  local -a options=(--pgdata "$PG_HOME/new" --username postgres --pwfile "$PG_HOME/superuser"
    --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 --no-instructions)
  if ((EPHEMERAL)); then options+=(--no-sync); fi
  (cd / && "${AS_POSTGRES[@]}" "$PG_BIN/initdb" "${options[@]}") >>"$LOGS/postgres.log" 2>&1 ||
    { stop_if_asked; die "initdb failed; see $LOGS/postgres.log"; }
  mv "$PG_HOME/new" "$PG_HOME/data"
}

# A role reaches the database of its own name and no other; the connection rules
# and the rights on the databases both say so.
write_connection_rules() {
  local services=host
  if ((tls)); then services=hostssl; fi
  cat >"$PG_HOME/pg_hba.conf" <<RULES
host     all      postgres 127.0.0.1/32 scram-sha-256
$services sameuser all      127.0.0.1/32 scram-sha-256
RULES
  chmod 644 "$PG_HOME/pg_hba.conf"
}

# PostgreSQL's certificate, where the user that it runs as can read it.
take_postgres_certificate() {
  local file
  for file in tls.crt tls.key; do
    (umask 077 && cp "$STATE/tls/postgres/$file" "$PG_HOME/$file")
    if ((EUID == 0)); then chown postgres: "$PG_HOME/$file"; fi
  done
}

postgres_command() {
  COMMAND=("$PG_BIN/postgres" -D "$PG_HOME/data" -p "${PORT[postgres]}"
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c "hba_file=$PG_HOME/pg_hba.conf"
    -c max_connections=200 -c shared_buffers=64MB -c timezone=UTC -c log_timezone=UTC
    -c idle_in_transaction_session_timeout=60s -c lc_messages=C
    -c log_error_verbosity=terse) # else it logs rows
  if ((tls)); then
    COMMAND+=(-c ssl=on -c "ssl_cert_file=$PG_HOME/tls.crt" -c "ssl_key_file=$PG_HOME/tls.key")
  fi
  # The data of an ephemeral stack has to outlive its processes, not the machine.
  if ((EPHEMERAL && !durable)); then COMMAND+=(-c fsync=off -c full_page_writes=off); fi
}

postgres_ready() { "$PG_BIN/pg_isready" -q -h 127.0.0.1 -p "${PORT[postgres]}"; }

# postgres_url ROLE DATABASE PASSWORD
postgres_url() { printf 'postgresql://%s:%s@127.0.0.1:%s/%s' "$1" "$3" "${PORT[postgres]}" "$2"; }

service_postgres_url() {
  postgres_url "rostrum_$1" "rostrum_$1" "$(secret "postgres-$1")"
  if ((tls)); then printf '?sslmode=verify-full&sslrootcert=%s' "$STATE/tls/ca.crt"; fi
}

superuser_postgres_url() { postgres_url postgres postgres "$(<"$PG_HOME/superuser")"; }

database_sql() {
  local name=rostrum_$1 password
  password=$(secret "postgres-$1")
  cat <<SQL
SELECT 'CREATE ROLE $name' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$name') \gexec
ALTER ROLE $name LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '$password';
SELECT 'CREATE DATABASE $name OWNER $name'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$name') \gexec
REVOKE ALL ON DATABASE $name FROM PUBLIC;
SQL
}

# Databases, roles and their rights; the same again on every start.
make_databases() {
  local service
  {
    echo 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;'
    for service in "${SERVICES[@]}"; do database_sql "$service"; done
  } | PGPASSWORD=$(<"$PG_HOME/superuser") "$PG_BIN/psql" --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
    -h 127.0.0.1 -p "${PORT[postgres]}" -U postgres -d postgres >>"$LOGS/postgres.log" 2>&1 ||
    die "the databases could not be made; see $LOGS/postgres.log"
}
