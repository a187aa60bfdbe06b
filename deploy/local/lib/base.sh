# Words, waits, secrets and ports. Sourced by up.
# shellcheck shell=bash

# What the supervisor has to say goes to stderr; the table alone to stdout.
say() { printf '%s\n' "$*" >&2 2>/dev/null || true; }

die() {
  say "up: $*"
  exit 1
}

# Sleeps without starting a process: a FIFO that nobody writes to.
nap() { read -r -t "$1" -u "$nap_fd" _ || true; }

# Ends the supervisor when a signal asked for it.
stop_if_asked() {
  ((stops_asked == 0)) && return
  # An interrupted command did not succeed.
  exit $((${#user_command[@]} ? 130 : 0))
}

# A second signal, after a moment, means: now.
note_signal() {
  stops_asked=$((stops_asked + 1))
  if ((stops_asked == 1)); then
    asked_at=$SECONDS
  elif ((SECONDS > asked_at + 1)); then
    hurry=1
  fi
}

# secret NAME: prints the secret of that name, made on first use.
secret() {
  local file=$STATE/secrets/$1 new
  if [[ ! -s $file ]]; then
    new=$(mktemp "$file.XXXXXX") # for its owner alone
    od -An -vtx1 -N32 /dev/urandom | tr -d ' \n' >"$new"
    # Two gateways may start at once: the first one's counts.
    ln "$new" "$file" 2>/dev/null || true
    rm "$new"
  fi
  printf '%s' "$(<"$file")"
}

# Ports. A port is taken for the life of the stack by a lock on a file, so that
# two stacks that start together do not choose the same one.
declare -A PORT=() listening=()

find_listening_ports() {
  local address state
  while read -r _ address _ state _; do
    if [[ $state == 0A ]]; then listening[$((16#${address##*:}))]=1; fi
  done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null)
}

# try_port NAME PORT: takes the port, or fails.
try_port() {
  local name=$1 port=$2 lock
  [[ ! -v listening[$port] ]] || return 1
  { exec {lock}>"$port_locks/$port"; } 2>/dev/null || return 1
  if ! flock -n "$lock"; then
    exec {lock}>&-
    return 1
  fi
  PORT[$name]=$port
}

# take_port NAME PREFERRED: takes the first free port from there on.
take_port() {
  local port
  for ((port = $2; port < $2 + 500 && port < 65536; port++)); do
    if try_port "$1" "$port"; then return; fi
  done
  die "no free port for $1 between $2 and $port"
}

# take_ports GATEWAY_PORT: the fixed gateway port if one is given. A stack that
# lasts prefers ports that one can remember. All keep below the range from which
# the kernel takes ports for outgoing connections (so not 50051 and on): one that
# is free now could be such a connection's when the service starts.
take_ports() {
  local fixed=$1 service next
  port_locks=/tmp/rostrum-ports-$UID
  (umask 077 && mkdir -p "$port_locks")
  [[ -O $port_locks && ! -L $port_locks ]] || die "$port_locks belongs to somebody else"
  find_listening_ports
  next=$((20000 + RANDOM % 10000))
  local gateway=8080 postgres=15432 redis=16379 smtp=18025 services=15051 admin=9101
  if ((EPHEMERAL)); then
    gateway=$next postgres=$next redis=$next smtp=$next services=$next admin=$next
  fi
  if [[ -n $fixed ]]; then
    try_port gateway "$fixed" || die "port $fixed is in use; choose another with --port"
  else
    take_port gateway "$gateway"
  fi
  take_port postgres "$postgres"
  take_port redis-state "$redis"
  take_port redis-cache "$redis"
  take_port mail "$smtp"
  for service in $(replicas_of "${SERVICES[@]}"); do take_port "$service" "$services"; done
  for service in $(further_replicas_of gateway); do take_port "$service" "$gateway"; done
  for service in $(replicas_of "${SERVICES[@]}" gateway); do take_port "$service-admin" "$admin"; done
  if ((tls)); then
    for service in $(replicas_of "${SERVICES[@]}"); do take_port "$service-health" "$services"; done
  fi
}
