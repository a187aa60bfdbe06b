#pragma once

#include <map>
#include <string>

#include "absl/time/time.h"
#include "gateway/http/server.h"
#include "gateway/proxy/api.h"
#include "gateway/proxy/caller_context.h"
#include "gateway/proxy/limits.h"
#include "gateway/web/live_hub.h"
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
  LiveLimits live;
  ApiSettings api;
  absl::Duration drain;
  bool hsts;
  std::string site_name;
  std::string mail_folder;
  int article_cache_mib;
  LogLevel log_level;
  TraceSettings traces;
};

// Declares and reads them; errors are collected in `env`.
GatewaySettings ReadGatewaySettings(Settings& env);

}  // namespace rostrum::gateway
