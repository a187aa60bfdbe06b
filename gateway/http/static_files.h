#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gateway/http/message.h"
#include "services/common/base/embedded_file.h"

namespace rostrum::http {

// Files that the build put into the binary, served from memory under a path
// prefix. Compressed once, at start. Immutable, thread-safe.
class StaticFiles {
 public:
  // `prefix` starts and ends with a slash: "/assets/".
  StaticFiles(std::string prefix, const std::vector<EmbeddedFile>& files);

  // The response to a GET or HEAD of one of the files, or nullopt if the path is none of
  // them.
  std::optional<HttpResponse> Serve(const RequestHead& request) const;

  // The URL of a file with its version, which browsers may cache forever; a URL without the
  // version is revalidated each time. Empty if there is no such file.
  std::string Url(absl::string_view name) const;

 private:
  struct File {
    std::shared_ptr<const std::string> plain;
    std::shared_ptr<const std::string> gzip;  // null if it does not shrink
    std::string type;
    std::string version;
  };
  const std::string prefix_;
  std::map<std::string, File, std::less<>> files_;
};

// The media type of a file name, by its ending.
absl::string_view MediaType(absl::string_view name);

}  // namespace rostrum::http
