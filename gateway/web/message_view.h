#pragma once

#include <string>

#include "gateway/web/page.h"

namespace rostrum::gateway {

// A page that says one thing. `heading`, `text` and `way` are words of the
// catalogue; `path` is where the way leads, or empty.
http::HttpResponse ShowMessage(Page& page, const std::string& heading, const std::string& text,
                               const std::string& path, const std::string& way);

}  // namespace rostrum::gateway
