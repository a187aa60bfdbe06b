#pragma once

#include <string>
#include <vector>

#include "gateway/http/message.h"

namespace rostrum::http {

enum class ContentKind {
  kApi,    // JSON and streams of it
  kPage,   // HTML that runs our scripts and styles
  kAsset,  // scripts, styles, fonts
  kMedia,  // what people uploaded: shown, never run
};

struct SecuritySettings {
  bool hsts = false;  // readers use HTTPS, and browsers may insist on it
  // Where a form of a page may lead, besides the page's own origin: browsers apply the policy
  // to redirects too, and the site may have several origins.
  std::vector<std::string> form_origins;
};

// Sets the headers that restrict what a browser does with a response of this kind. A header
// that the response already has is left as it is.
void AddSecurityHeaders(ContentKind kind, const SecuritySettings& settings, HttpResponse& response);

}  // namespace rostrum::http
