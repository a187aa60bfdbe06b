#pragma once

#include <string>
#include <vector>

namespace rostrum::gateway {

// A mail that the demo's mail catcher received, as shown on its page.
struct CaughtMail {
  std::string to;
  std::string subject;
  std::string date;
  std::string text;       // the plain part, decoded
  std::string link_path;  // of the first link to this site, or empty
};

// The newest mails of a Maildir, at most `limit`. Reads files, so call it where blocking is
// allowed.
std::vector<CaughtMail> ReadMaildir(const std::string& folder, const std::string& public_url,
                                    int limit);

// One mail from its bytes, as our own services write it.
CaughtMail ParseMail(const std::string& bytes, const std::string& public_url);

}  // namespace rostrum::gateway
