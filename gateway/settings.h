#pragma once

#include <map>
#include <string>

#include "absl/time/time.h"
#include "gateway/http/server.h"
#include "gateway/proxy/api.h"
#include "gateway/proxy/caller_context.h"
#include "gateway/proxy/limits.h"
#include "gateway/proxy/shared_calls.h"
#include "gateway/web/site_parts.h"
#include "services/common/base/log.h"
#include "services/common/base/settings.h"
#include "services/common/redis/redis.h"
#include "services/common/trace/tracing.h"

namespace rostrum::gateway {

// All settings of the gateway.
struct GatewaySettings {
  http::HttpServerOptions server;
  std::string admin_address;
  std::map<std::string, std::string> targets;
  std::string tls_dir;
  BrowserSettings browser;
  RedisOptions redis;
  std::string signing_key;
  LimitSettings limits;
  ApiSettings api;
  SharedCallsSettings shared_calls;
  absl::Duration drain;
  bool hsts;
  SiteSettings site;
  LogLevel log_level;
  TraceSettings traces;
};

// Declares and reads them; errors are collected in `env`.
GatewaySettings ReadGatewaySettings(Settings& env);

}  // namespace rostrum::gateway
