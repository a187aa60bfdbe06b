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
  // them. Below Folder() browsers may keep files forever. The plain path and the folder of
  // another release have the same files, but are revalidated each time: while a release is
  // rolled out, a page of one gateway asks another for its files.
  std::optional<HttpResponse> Serve(const RequestHead& request) const;

  // "/assets/<version of all files>/". A module that imports another by a relative path
  // imports the one of its own version.
  std::string Folder() const;

 private:
  struct File {
    std::shared_ptr<const std::string> plain;
    std::shared_ptr<const std::string> gzip;  // null if it does not shrink
    std::string type;
    std::string version;
  };
  const std::string prefix_;
  std::string version_;
  std::map<std::string, File, std::less<>> files_;
};

// The media type of a file name, by its ending.
absl::string_view MediaType(absl::string_view name);

}  // namespace rostrum::http
