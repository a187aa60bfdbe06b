# What ./restore does in the stack's folder. Sourced by up.
# shellcheck shell=bash

# Before anything is made: the keys and secrets come from the backup.
prepare_restore() {
  prepare_postgres
  if ((${#restore_only[@]})); then
    ((!fresh)) || die "--fresh forgets all databases; with --only the others stay"
    [[ -d $PG_HOME/data ]] || die "there is no stack in $STATE whose databases could be restored"
    return
  fi
  if ((fresh)); then
    forget_data
    fresh=0
    prepare_postgres
  fi
  [[ ! -d $PG_HOME/data ]] || die "there is data in $STATE; --fresh forgets it"
  cp "$restore"/keys/* "$STATE/keys/"
  cp "$restore"/secrets/* "$STATE/secrets/"
}

# Restores the databases, brings their schema up to date, and begins a new epoch of
# events in each. What a restore that was cut off leaves is not started.
restore_databases() {
  local service
  local -a services=("${restore_only[@]}")
  if ((${#services[@]} == 0)); then services=("${SERVICES[@]}"); fi
  say "up: restoring ${services[*]}"
  touch "$PG_HOME/restoring"
  start redis-state
  start_postgres
  become_ready postgres redis-state
  for service in "${services[@]}"; do
    psql_as_superuser "DROP DATABASE IF EXISTS rostrum_$service WITH (FORCE)"
  done
  make_databases
  for service in "${services[@]}"; do
    PGPASSWORD=$(<"$PG_HOME/superuser") "$PG_BIN/pg_restore" -h 127.0.0.1 -p "${PORT[postgres]}" \
      -U postgres -d "rostrum_$service" --exit-on-error --single-transaction \
      "$restore/$service.dump" >>"$LOGS/restore.log" 2>&1 ||
      die "the database of $service could not be restored; see $LOGS/restore.log"
  done
  start "${services[@]/#/migrate-}"
  for service in "${services[@]}"; do finish "migrate-$service"; done
  start "${services[@]/#/restored-}"
  for service in "${services[@]}"; do finish "restored-$service"; done
  forget_in_redis
  touch "$PG_HOME/seeded"
  if [[ -e $restore/logins && ! -e $PG_HOME/logins ]]; then cp "$restore/logins" "$PG_HOME/logins"; fi
  rm "$PG_HOME/restoring"
  say "up: restored from $restore"
}

redis_state() { REDISCLI_AUTH=$(secret redis) redis-cli -h 127.0.0.1 -p "${PORT[redis-state]}" "$@"; }

# What Redis holds for speed may be of a time that is no more.
forget_in_redis() {
  if ((${#restore_only[@]} == 0)); then
    redis_state flushall
  elif [[ " ${restore_only[*]} " == *" subscription "* ]]; then
    redis_state --scan --pattern 'trial:*' | while IFS= read -r key; do redis_state del "$key"; done
  fi >>"$LOGS/restore.log"
}

psql_as_superuser() {
  PGPASSWORD=$(<"$PG_HOME/superuser") "$PG_BIN/psql" --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
    -h 127.0.0.1 -p "${PORT[postgres]}" -U postgres -d postgres -c "$1" >>"$LOGS/restore.log" 2>&1 ||
    die "PostgreSQL refused; see $LOGS/restore.log"
}
