# The stack as a whole: its folder, its start, its watch, its end. Sourced by up.
# shellcheck shell=bash

# All that up puts into its folder; --fresh and --ephemeral remove no more.
STATE_ENTRIES=(postgres redis-state redis-cache mail keys tls secrets logs pids control nap lock
  ephemeral stack.env stack.env.new extra.env redis-state.conf redis-cache.conf)

# Makes or takes the stack's folder, alone.
open_state() {
  local lock entry
  BUILD=$(cd "$BUILD" 2>/dev/null && pwd) || die "nothing is built; run make build"
  if [[ -z $STATE ]]; then
    if ((EPHEMERAL)); then STATE=$(mktemp -d /tmp/rostrum.XXXXXX); else STATE=$ROOT/.run; fi
    chmod_state=1
  fi
  mkdir -p "$STATE"
  STATE=$(cd "$STATE" && pwd)
  if [[ -v chmod_state ]]; then chmod 755 "$STATE"; fi
  LOGS=$STATE/logs
  exec {lock}>"$STATE/lock"
  if ! flock -n "$lock"; then
    # Children that are still stopping hold the lock too.
    if [[ -e $STATE/pids/supervisor ]] && kill -0 "$(<"$STATE/pids/supervisor")" 2>/dev/null; then
      die "a stack is running in $STATE; stop it, or use --ephemeral"
    fi
    say "up: waiting for an earlier stack in $STATE to end"
    flock -w 30 "$lock" || die "an earlier stack in $STATE does not end"
  fi
  if ((EPHEMERAL)); then
    if [[ ! -e $STATE/ephemeral && -n $(ls -A "$STATE/secrets" 2>/dev/null) ]]; then
      die "a lasting stack is in $STATE; --ephemeral would remove it"
    fi
    touch "$STATE/ephemeral"
  fi
  rm -rf "$STATE"/{pids,control,nap,stack.env,stack.env.new}
  mkdir -p "$STATE"/{pids,logs,secrets,keys,mail/cur,mail/new,mail/tmp,redis-state,redis-cache}
  chmod 700 "$STATE"/{secrets,keys,mail,logs,redis-state,redis-cache}
  for entry in "$LOGS"/*.log; do
    if [[ -e $entry ]]; then mv "$entry" "$entry.1"; fi
  done
  echo $$ >"$STATE/pids/supervisor"
  (umask 077 && mkfifo "$STATE/control" "$STATE/nap")
  exec {control_fd}<>"$STATE/control" {nap_fd}<>"$STATE/nap"
  exec {guardian_fd}> >(exec {control_fd}>&- {nap_fd}>&- {lock}>&- && exec setsid "$here/lib/guardian")
  if ((EPHEMERAL)); then
    for entry in "${STATE_ENTRIES[@]}" ''; do tell_guardian "doomed $STATE/$entry"; done
  fi
}

forget_data() {
  if [[ -n ${PG_HOME-} ]]; then rm -rf -- "$PG_HOME"; fi
  rm -rf -- "$STATE"/{redis-state,redis-cache,mail,keys,secrets}/*
  mkdir -p "$STATE"/mail/{cur,new,tmp}
}

# The end, however it came about. The exit status is the reason's.
close_state() {
  local status=$1
  trap - EXIT
  set +e
  if ((stops_asked)); then say "up: stopping"; fi
  stop_all
  if ((!all_ended_well && status == 0)); then status=1; fi
  if ((EPHEMERAL)); then
    if ((status != 0 && (stops_asked == 0 || !all_ended_well))); then keep_logs; fi
    rm -rf -- "${STATE_ENTRIES[@]/#/$STATE/}" ${PG_HOME:+"$PG_HOME"}
    rmdir --ignore-fail-on-non-empty "$STATE"
  else
    rm -rf -- "$STATE"/{pids,control,nap,stack.env,stack.env.new,extra.env}
  fi
  tell_guardian 'done'
  exit "$status"
}

# What a failed test run wants to be understood by.
keep_logs() {
  [[ -n $(ls -A "$LOGS") ]] || return
  local kept=${STATE#/tmp/}
  kept=${kept#/}
  kept=$BUILD/stack-logs/${kept//\//-}
  mkdir -p "$kept" && cp "$LOGS"/* "$kept" && say "up: the logs are kept in $kept"
}

# Before anything that is there is touched.
check_installed() {
  local name binary
  for binary in redis-server curl setpriv openssl; do
    command -v "$binary" >/dev/null || die "$binary is not installed; run deploy/local/install"
  done
  /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null ||
    die "python3-aiosmtpd is not installed; run deploy/local/install"
  for name in "${SERVICES[@]}" gateway keys health; do
    command_of "$name"
    [[ -x ${COMMAND[0]} ]] || die "${COMMAND[0]} is missing; run make build"
  done
  read_extra_settings "${env_files[@]}"
}

prepare_stack() {
  prepare_postgres
  if ((fresh)); then
    forget_data
    prepare_postgres
  fi
  if [[ -e $PG_HOME/restoring && -z $restore ]]; then
    die "a restore into $STATE was cut off; run it again (all of it with --fresh)"
  fi
  if ((EPHEMERAL)); then tell_guardian "doomed $PG_HOME"; fi
  take_ports "$fixed_port"
  write_connection_rules
  write_redis_settings redis-state appendonly=yes appendfsync=everysec maxmemory=256mb \
    maxmemory-policy=noeviction
  write_redis_settings redis-cache appendonly=no maxmemory=64mb maxmemory-policy=volatile-ttl
}

# write_redis_settings NAME OPTION=VALUE...
write_redis_settings() {
  local name=$1 option
  shift
  (
    umask 077
    {
      printf 'bind 127.0.0.1\nport %s\ndir "%s"\nsave ""\nrequirepass %s\n' \
        "${PORT[$name]}" "$STATE/$name" "$(secret redis)"
      for option in "$@"; do printf '%s %s\n' "${option%%=*}" "${option#*=}"; done
    } >"$STATE/$name.conf"
  )
}

# command_of NAME: sets COMMAND to what runs under that name.
command_of() {
  case $1 in
    postgres) postgres_command ;;
    redis-*) COMMAND=(redis-server "$STATE/$1.conf") ;;
    mail)
      COMMAND=(/usr/bin/python3 -m aiosmtpd -n -l "127.0.0.1:${PORT[mail]}"
        -c aiosmtpd.handlers.Mailbox "$STATE/mail")
      ;;
    pki) COMMAND=("$here/pki" renew "$STATE") ;;
    keys) COMMAND=("$BUILD/services/common/rostrum-keys" "$STATE/keys") ;;
    health) COMMAND=("$BUILD/deploy/rostrum-health") ;;
    migrate-*) COMMAND=("$BUILD/services/rostrum-${1#migrate-}" migrate) ;;
    restored-*) COMMAND=("$BUILD/services/rostrum-${1#restored-}" restored) ;;
    gateway | gateway-*) COMMAND=("$BUILD/gateway/rostrum-gateway") ;;
    seed) COMMAND=("$here/seed") ;;
    *) COMMAND=("$BUILD/services/rostrum-$(service_of "$1")") ;;
  esac
}

redis_ready() {
  [[ $(REDISCLI_AUTH=$(secret redis) redis-cli -h 127.0.0.1 -p "${PORT[$1]}" ping) == PONG ]]
}

mail_ready() {
  (
    exec {mail_fd}<>"/dev/tcp/127.0.0.1/${PORT[mail]}"
    read -r -t 2 -u "$mail_fd" banner && [[ $banner == 220* ]]
    printf 'QUIT\r\n' >&"$mail_fd"
  )
}

# ready NAME: whether it does its work now.
ready() {
  case $1 in
    postgres) postgres_ready ;;
    redis-*) redis_ready "$1" ;;
    mail) mail_ready ;;
    gateway | gateway-*) curl -fsS -o /dev/null --max-time 2 "$(url_of "$1")/readyz" ;;
    *) TLS_DIR=$(tls_dir gateway) "$BUILD/deploy/rostrum-health" "$(address "$1")" 1 ;;
  esac
}

start() {
  local name
  for name in "$@"; do
    command_of "$name"
    launch "$name" "${COMMAND[@]}"
  done
}

# become_ready NAME...: waits until all of them are ready, or dies with the log.
become_ready() {
  local name
  for name in "$@"; do
    if await "$name" 30 ready "$name"; then
      was_ready[$name]=1
      continue
    fi
    running "$name" || die_with_log "$name"
    say "up: $name is not ready after 30 s; its log ends:"
    show_log "$name"
    exit 1
  done
}

# With its certificate, if there are any.
start_postgres() {
  if ((tls)); then start pki; fi
  make_cluster
  if ((tls)); then
    finish pki
    take_postgres_certificate
  fi
  start postgres
}

start_stack() {
  local service
  local -a services gateways
  say "up: starting"
  start redis-state redis-cache mail keys
  start_postgres
  become_ready postgres
  make_databases
  finish keys
  start "${SERVICES[@]/#/migrate-}"
  for service in "${SERVICES[@]}"; do finish "migrate-$service"; done
  become_ready redis-state redis-cache mail
  mapfile -t services < <(replicas_of "${SERVICES[@]}")
  mapfile -t gateways < <(replicas_of gateway)
  start "${services[@]}"
  become_ready "${services[@]}"
  start "${gateways[@]}"
  become_ready "${gateways[@]}"
  (umask 077 && stack_settings >"$STATE/stack.env.new")
  seed_demo
  mv "$STATE/stack.env.new" "$STATE/stack.env"
}

# Demo data, once for each set of databases. The seeder may run again after it
# was interrupted, and writes who can log in to $ROSTRUM_LOGINS: role, address
# and password, with tabs between.
seed_demo() {
  ((demo)) && [[ -x $here/seed && ! -e $PG_HOME/seeded ]] || return 0
  say "up: adding demo data"
  start seed
  finish seed
  touch "$PG_HOME/seeded"
}

print_table() {
  local name
  cat <<TABLE

Rostrum is running.
  Site      $(site_url)
  Mail      $STATE/mail/new (SMTP on 127.0.0.1:${PORT[mail]})
  Logs      $LOGS
  Data      $PG_HOME (PostgreSQL on 127.0.0.1:${PORT[postgres]})
  Settings  $STATE/stack.env
TABLE
  printf '  Metrics   gateway http://%s/metrics\n' "$(address gateway-admin)"
  for name in "${SERVICES[@]}"; do
    printf '            %s http://%s/metrics\n' "$name" "$(address "$name-admin")"
  done
  if [[ -s $PG_HOME/logins ]]; then
    grep -v '^#' "$PG_HOME/logins" | expand -t 12,44 | sed '1s/^/  Logins    /; 2,$s/^/            /'
    printf '            Log in at %s/login. Authors and editors write over the API: %s/openapi.json\n' \
      "$(site_url)" "$(site_url)"
  fi
  printf 'Ready after %s s. Ctrl-C stops everything.\n' "$SECONDS"
}

parent_is_gone() {
  local stat
  ((EPHEMERAL && PPID != 1)) || return 1
  read -r stat <"/proc/$$/stat"
  read -r _ stat _ <<<"${stat##*) }"
  ((stat != PPID))
}

# Until somebody asks to stop, the command ends, or a child dies unasked.
watch_stack() {
  local request name reply line begun=''
  while :; do
    # On a busy machine the time can be over in the middle of a line.
    if IFS= read -r -t 0.2 -u "$control_fd" line; then
      read -r request name reply <<<"$begun$line"
      begun=''
      answer "$request" "$name" "$reply"
    else
      begun+=$line
    fi
    stop_if_asked
    if parent_is_gone; then exit 1; fi
    for name in "${!starting[@]}"; do look_after "$name"; done
    for name in "${!child_pid[@]}"; do
      if ! running "$name"; then child_ended "$name"; fi
    done
  done
}

child_ended() {
  if [[ $1 == command ]]; then exit "${child_status[command]}"; fi
  ((restartable)) || die_with_log "$1"
  say "up: $1 stopped ($(describe_end "$1")); waiting to be told to start it again"
}

# answer REQUEST NAME REPLY: does what ./child asks; the file REPLY gets "ok" or
# what is wrong. Whoever is starting is looked after in the loop: it may wait for
# another child that is to be started next.
declare -A starting=()
answer() {
  local request=$1 name=$2 reply=$3
  if [[ ! -v PORT[$name] ]]; then
    tell "$reply" "there is no child '$name'"
    return
  fi
  if [[ $request != start ]] && ! stop_children 40 "$name"; then
    tell "$reply" "$name did not end well; see $LOGS/$name.log and what up says"
  elif [[ $request == stop ]]; then
    tell "$reply" ok
  elif running "$name"; then
    tell "$reply" "$name runs already"
  else
    start "$name"
    starting[$name]="$((SECONDS + 30)) $reply"
  fi
}

# look_after NAME: answers when it is ready, or will not be.
look_after() {
  local name=$1 deadline reply result=''
  read -r deadline reply <<<"${starting[$name]}"
  if ready "$name" >/dev/null 2>&1; then
    was_ready[$name]=1
    result=ok
  elif ! running "$name" || ((SECONDS >= deadline)); then
    result="$name did not become ready; see $LOGS/$name.log"
  fi
  if [[ -n $result ]]; then
    unset "starting[$name]"
    tell "$reply" "$result"
  fi
}

tell() { printf '%s\n' "$2" >"$1.new" && mv "$1.new" "$1"; }
