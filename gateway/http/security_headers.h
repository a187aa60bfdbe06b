#pragma once

#include "gateway/http/message.h"

namespace rostrum::http {

enum class ContentKind {
  kApi,    // JSON and streams of it
  kPage,   // HTML that runs our scripts and styles
  kAsset,  // scripts, styles, fonts
  kMedia,  // what people uploaded: shown, never run
};

// Sets the headers that keep a browser from doing with an answer what it is
// not for. A header that the answer has already is left as it is. HSTS only
// with `tls`, the setting that says that readers come over HTTPS.
void AddSecurityHeaders(ContentKind kind, bool tls, HttpResponse& response);

}  // namespace rostrum::http
