#pragma once

#include "gateway/http/message.h"

namespace rostrum::http {

enum class ContentKind {
  kApi,    // JSON and streams of it
  kPage,   // HTML that runs our scripts and styles
  kAsset,  // scripts, styles, fonts
  kMedia,  // what people uploaded: shown, never run
};

// Sets the headers that restrict what a browser does with a response of this kind. A header
// that the response already has is left as it is. HSTS is set only with `hsts`, the setting
// that says that readers use HTTPS.
void AddSecurityHeaders(ContentKind kind, bool hsts, HttpResponse& response);

}  // namespace rostrum::http
