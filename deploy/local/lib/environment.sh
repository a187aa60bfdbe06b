# The settings of every process of the stack, all in this file. Sourced by up.
# shellcheck shell=bash

SERVICES=(account subscription content feed comment)

# replicas_of NAME...: the processes of these services: all first ones, then the
# second ones (content-2), ...
replicas_of() {
  printf '%s\n' "$@"
  further_replicas_of "$@"
}
further_replicas_of() {
  local number
  for ((number = 2; number <= REPLICAS; number++)); do printf '%s\n' "${@/%/-$number}"; done
}
# service_of NAME: the service of a process.
service_of() { printf '%s' "${1%-[2-9]}"; }

redis_url() { printf 'redis://:%s@127.0.0.1:%s' "$(secret redis)" "${PORT[$1]}"; }
address() { printf '127.0.0.1:%s' "${PORT[$1]}"; }
# target NAME: where a service is, as clients take it.
target() {
  local name addresses=''
  for name in $(replicas_of "$1"); do addresses+=,$(address "$name"); done
  if ((REPLICAS > 1)); then printf 'ipv4:'; fi
  printf '%s' "${addresses#,}"
}
# The certificate of that binary; nothing without --tls.
tls_dir() { if ((tls)); then printf '%s' "$STATE/tls/$(service_of "$1")"; fi; }
url_of() { printf 'http://127.0.0.1:%s' "${PORT[$1]}"; }
site_url() { url_of gateway; }

# settings_of NAME: prints the settings of that process, one NAME=VALUE a line.
settings_of() {
  case $(service_of "$1") in
    account | subscription | content | feed | comment)
      common_settings "$1"
      service_settings "$(service_of "$1")"
      ;;
    migrate-* | restored-*)
      common_settings "${1#*-}"
      service_settings "${1#*-}"
      ;;
    gateway)
      common_settings "$1"
      gateway_settings
      ;;
    seed) cat "$STATE/stack.env.new" ;;
    *) return 0 ;;
  esac
  # Given with --env-file; the last one counts.
  cat "$STATE/extra.env"
}

common_settings() {
  local name=$1 service
  cat <<SETTINGS
LISTEN=$(address "$name")
ADMIN_LISTEN=$(address "$name-admin")
PUBLIC_URL=$(site_url)
IDENTITY_KEYRING_FILE=$STATE/keys/keyring.json
IDENTITY_KEY_FILE=$STATE/keys/$(service_of "$name").key.json
REDIS_URL=$(redis_url redis-state)
REDIS_CACHE_URL=$(redis_url redis-cache)
SETTINGS
  for service in "${SERVICES[@]}"; do
    printf '%s_TARGET=%s\n' "${service^^}" "$(target "$service")"
  done
  if ((tls)); then
    printf 'TLS_DIR=%s\n' "$(tls_dir "$name")"
    if [[ $(service_of "$name") != gateway ]]; then
      printf 'HEALTH_LISTEN=%s\n' "$(address "$name-health")"
    fi
  fi
}

service_settings() {
  cat <<SETTINGS
PG_URL=$(service_postgres_url "$1")
PAGE_TOKEN_SECRET=$(secret "page-token-$1")
SETTINGS
  case $1 in
    account)
      cat <<SETTINGS
SMTP_URL=smtp://127.0.0.1:${PORT[mail]}
MAIL_FROM=no-reply@rostrum.example
PERSON_KEY_SECRET=$(secret person-key)
SETTINGS
      ;;
    subscription)
      cat <<SETTINGS
PAYMENT_PROVIDER=test
PAYMENT_WEBHOOK_SECRET=$(secret payment-webhook)
PAYMENT_WEBHOOK_URL=$(site_url)/v1/payments/test/webhook
SETTINGS
      ;;
  esac
}

gateway_origins() {
  local name
  for name in $(further_replicas_of gateway); do printf ',%s' "$(url_of "$name")"; done
}

# Plain HTTP on loopback: cookies cannot be Secure here, and only here.
gateway_settings() {
  cat <<SETTINGS
NETWORK_KEY_SECRET=$(secret network-key)
PUBLIC_URL=$(site_url),http://localhost:${PORT[gateway]}$(gateway_origins)
COOKIE_SECURE=false
DEMO_MAILDIR=$STATE/mail
SETTINGS
}

# stack_settings: what tests and tools need to know; stack.env.
stack_settings() {
  local service name
  cat <<SETTINGS
ROSTRUM_URL=$(site_url)
ROSTRUM_STATE=$STATE
ROSTRUM_BUILD=$BUILD
ROSTRUM_SUPERVISOR_PID=$$
ROSTRUM_PIDS=$STATE/pids
ROSTRUM_LOGS=$LOGS
ROSTRUM_KEYS=$STATE/keys
ROSTRUM_LOGINS=$PG_HOME/logins
MAILDIR=$STATE/mail
SMTP_URL=smtp://127.0.0.1:${PORT[mail]}
REDIS_URL=$(redis_url redis-state)
REDIS_CACHE_URL=$(redis_url redis-cache)
PAYMENT_WEBHOOK_SECRET=$(secret payment-webhook)
PG_URL=$(superuser_postgres_url)
TLS_DIR=$(tls_dir gateway)
SETTINGS
  for service in "${SERVICES[@]}"; do
    printf 'PG_URL_%s=%s\n' "${service^^}" "$(service_postgres_url "$service")"
    printf '%s_TARGET=%s\n' "${service^^}" "$(target "$service")"
    if ((tls)); then
      printf '%s_HEALTH_TARGET=%s\n' "${service^^}" "$(address "$service-health")"
    fi
  done
  for name in "${SERVICES[@]}" gateway; do
    printf '%s_ADMIN_URL=http://%s\n' "${name^^}" "$(address "$name-admin")"
  done
  printf 'ROSTRUM_URLS=%s%s\n' "$(site_url)" "$(gateway_origins)"
}

# Checks and gathers the files given with --env-file.
read_extra_settings() {
  local file line
  # There may be secrets among them.
  rm -f "$STATE/extra.env"
  (umask 077 && : >"$STATE/extra.env")
  for file in "$@"; do
    [[ -r $file ]] || die "--env-file $file cannot be read"
    while IFS= read -r line || [[ -n $line ]]; do
      [[ -n $line && $line != \#* ]] || continue
      [[ $line =~ ^[A-Z][A-Z0-9_]*= ]] || die "--env-file $file: not NAME=VALUE: $line"
      printf '%s\n' "$line" >>"$STATE/extra.env"
    done <"$file"
  done
}
