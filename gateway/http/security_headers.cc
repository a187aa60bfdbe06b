#include "gateway/http/security_headers.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rostrum::http {
namespace {

std::string ContentSecurityPolicy(ContentKind kind, const SecuritySettings& settings) {
  switch (kind) {
    case ContentKind::kPage:
      return absl::StrCat(
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
          "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
          "object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
          "form-action 'self'",
          settings.form_origins.empty() ? "" : " ", absl::StrJoin(settings.form_origins, " "));
    case ContentKind::kMedia: return "default-src 'none'; frame-ancestors 'none'; sandbox";
    case ContentKind::kApi:
    case ContentKind::kAsset: break;
  }
  return "default-src 'none'; frame-ancestors 'none'";
}

}  // namespace

void AddSecurityHeaders(ContentKind kind, const SecuritySettings& settings,
                        HttpResponse& response) {
  const auto add = [&](absl::string_view name, absl::string_view value) {
    if (!response.headers.Has(name)) response.headers.Add(name, value);
  };
  add("Content-Security-Policy", ContentSecurityPolicy(kind, settings));
  add("X-Content-Type-Options", "nosniff");
  // Not no-referrer: with it browsers send "Origin: null" with forms.
  add("Referrer-Policy", "same-origin");
  add("Cross-Origin-Resource-Policy", "same-origin");
  if (kind == ContentKind::kPage) {
    add("Cross-Origin-Opener-Policy", "same-origin");
    add("Permissions-Policy",
        "browsing-topics=(), camera=(), display-capture=(), geolocation=(), microphone=(), "
        "payment=(), usb=()");
  }
  if (settings.hsts) add("Strict-Transport-Security", "max-age=63072000; includeSubDomains");
}

}  // namespace rostrum::http
