#pragma once

#include <string>

#include "gateway/web/page.h"

namespace rostrum::gateway {

// A page with one message. `heading`, `text` and `way` (the text of a link) are names in
// the word catalogue; `path` is the target of the link, or empty.
http::HttpResponse ShowMessage(Page& page, const std::string& heading, const std::string& text,
                               const std::string& path, const std::string& way);

// The same about something that was refused: why, with the HTTP status of the error. `status`
// is an error that the reader can do something about (IsFormError).
http::HttpResponse ShowRefusal(Page& page, const absl::Status& status, const std::string& heading,
                               const std::string& path, const std::string& way);

}  // namespace rostrum::gateway
