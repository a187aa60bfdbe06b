# Child processes: each in a session of its own, so that a terminal's Ctrl-C
# reaches the supervisor alone and a whole child can be ended by its group.
# Sourced by up.
# shellcheck shell=bash

declare -A child_pid=()    # running children
declare -A child_status=() # exit status of those that ended
declare -A was_ready=()    # of the last start of each
all_ended_well=1           # until one that was asked to stop did not

# The signal that ends a child in good order.
stop_signal() {
  case $1 in
    postgres | mail) echo INT ;;
    *) echo TERM ;;
  esac
}

# The supervisor's environment must not leak into what it starts.
clear_environment() {
  local variable
  for variable in $(compgen -e); do
    case $variable in
      PATH | HOME | USER | LANG | TMPDIR | *SAN_OPTIONS | LLVM_PROFILE_FILE) ;;
      *) unset "$variable" ;;
    esac
  done
}

# Exports what comes in, one NAME=VALUE a line, the value as it stands.
export_settings() {
  local line
  while IFS= read -r line; do
    if [[ -n $line ]]; then export "${line?}"; fi
  done
}

# Linux divides the processor among sessions, not threads, where nothing else does
# (autogroup): there account, which hashes passwords, gets a third of what each other
# has. In a cluster its request says so.
# shellcheck disable=SC2016 # it is for the child's shell
GIVE_WAY='if [[ $0 == account* && -w /proc/self/autogroup ]]; then echo 5 >/proc/self/autogroup; fi; exec "$@"'

# launch NAME COMMAND...: starts it with the settings of that name, its output
# going to its log. It gets its stop signal when the supervisor dies.
launch() {
  local name=$1 log=$LOGS/$1.log
  shift
  local signal
  signal=$(stop_signal "$name")
  local -a as=()
  if [[ $name == postgres ]]; then as=("${AS_POSTGRES_OPTIONS[@]}"); fi
  (
    exec {control_fd}>&- {nap_fd}>&- {guardian_fd}>&-
    clear_environment
    export_settings <<<"$(settings_of "$name")"
    cd /
    exec setsid bash -c "$GIVE_WAY" "$name" \
      env --default-signal=INT,QUIT,PIPE setpriv "${as[@]}" --pdeathsig "$signal" -- "$@"
  ) </dev/null >>"$log" 2>&1 &
  adopt "$name" $!
}

# launch_command COMMAND...: the command of `up -- COMMAND`, which sees the
# caller's environment, folder and output, and the stack's addresses.
launch_command() {
  (
    exec {control_fd}>&- {nap_fd}>&- {guardian_fd}>&-
    export_settings <"$STATE/stack.env"
    exec setsid env --default-signal=INT,QUIT,PIPE setpriv --pdeathsig TERM -- "$@"
  ) </dev/null &
  adopt command $!
}

adopt() {
  child_pid[$1]=$2
  unset "child_status[$1]" "was_ready[$1]"
  printf '%s\n' "$2" >"$STATE/pids/$1"
  tell_guardian "started $1 $2 $(stop_signal "$1")"
}

tell_guardian() { printf '%s\n' "$1" 1>&"$guardian_fd" 2>/dev/null || true; }

# running NAME: whether it runs; notes its exit status when it no longer does.
running() {
  local pid=${child_pid[$1]-} status=0
  [[ -n $pid ]] || return 1
  if kill -0 "$pid" 2>/dev/null; then return 0; fi
  wait "$pid" 2>/dev/null || status=$?
  child_status[$1]=$status
  unset "child_pid[$1]"
  rm -f "$STATE/pids/$1"
  # What it may have left in its group.
  kill -KILL -- "-$pid" 2>/dev/null || true
  tell_guardian "ended $1"
  return 1
}

# How a child ended, in words.
describe_end() {
  local status=${child_status[$1]}
  if ((status > 128)) && kill -l "$((status - 128))" >/dev/null 2>&1; then
    printf 'ended by SIG%s' "$(kill -l "$((status - 128))")"
  else
    printf 'exit status %s' "$status"
  fi
}

show_log() { tail -n 20 "$LOGS/$1.log" 2>/dev/null | sed 's/^/    /' >&2 || true; }

die_with_log() {
  say "up: $1 stopped unasked ($(describe_end "$1")); its log ends:"
  show_log "$1"
  exit 1
}

# finish NAME: waits until a child that ends by itself has ended; dies with its
# log if it failed.
finish() {
  while running "$1"; do
    stop_if_asked
    nap 0.05
  done
  ((child_status[$1] == 0)) || die_with_log "$1"
}

# await NAME SECONDS CHECK...: waits until the check succeeds. 0 when it did, 1
# when the child died first or the time is over (child_status tells which).
await() {
  local name=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    running "$name" || return 1
    ((SECONDS < deadline)) || return 1
    stop_if_asked
    nap 0.05
  done
}

# stop_children SECONDS NAME...: asks all of them to stop, together; kills what
# is still there after that time, or at once on a second signal. 1 if one of them
# did not end well.
stop_children() {
  local deadline=$((SECONDS + $1)) name left=0 status=0
  local -a ending=()
  shift
  for name in "$@"; do
    [[ -v child_pid[$name] ]] || continue
    ending+=("$name") # one that has just ended by itself is looked at too
    running "$name" || continue
    kill -s "$(stop_signal "$name")" "${child_pid[$name]}" 2>/dev/null || true
    # A paused one must wake up to stop.
    kill -CONT "${child_pid[$name]}" 2>/dev/null || true
  done
  while :; do
    left=0
    for name in "${ending[@]}"; do
      if running "$name"; then left=1; fi
    done
    if ((!left || SECONDS >= deadline || hurry)); then break; fi
    nap 0.05
  done
  for name in "${ending[@]}"; do
    running "$name" || continue
    say "up: $name did not stop in time; killed"
    # Nobody waited for it on a second signal.
    if [[ -v was_ready[$name] ]] && ((!hurry)); then status=1; fi
    kill -KILL -- "-${child_pid[$name]}" 2>/dev/null || true
  done
  for name in "${ending[@]}"; do
    while running "$name"; do nap 0.02; done
    ended_well "$name" || status=1
  done
  if ((left)); then hurry=0; fi
  if ((status)); then all_ended_well=0; fi
  return "$status"
}

# ended_well NAME: whether it ended in good order when it was asked to stop. Before it was
# ready it need not, and a kill is no fault of its own.
ended_well() {
  if [[ ! -v was_ready[$1] || ${child_status[$1]} =~ ^(0|137)$ ]]; then return 0; fi
  say "up: $1 did not end well ($(describe_end "$1")); its log ends:"
  show_log "$1"
  return 1
}

# Everything, in the order in which one needs the other.
stop_all() {
  local name
  local -a first=() services=() gateways=()
  for name in "${!child_pid[@]}"; do
    case $(service_of "$name") in
      mail | redis-* | postgres) ;;
      gateway) gateways+=("$name") ;;
      account | subscription | content | feed | comment) services+=("$name") ;;
      *) first+=("$name") ;;
    esac
  done
  stop_children 5 "${first[@]}"
  stop_children 40 "${gateways[@]}"
  stop_children 40 "${services[@]}"
  stop_children 5 mail
  stop_children 10 redis-state redis-cache
  stop_children 30 postgres
}
