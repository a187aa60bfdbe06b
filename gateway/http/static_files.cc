#include "gateway/http/static_files.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gateway/http/compression.h"
#include "gateway/http/gzip.h"
#include "services/common/base/crypto.h"

namespace rostrum::http {
namespace {

constexpr int kBestLevel = 9;  // compressed only once
constexpr size_t kVersion = 16;

std::string VersionOf(absl::string_view bytes) { return Hex(Sha256(bytes)).substr(0, kVersion); }

bool IsVersion(absl::string_view text) {
  return text.size() == kVersion && std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
}

bool NamesEtag(const HttpHeaders& request, absl::string_view version) {
  const std::string* names = request.Find("if-none-match");
  if (names == nullptr) return false;
  // The version is hexadecimal, so it cannot be part of another tag by chance.
  return *names == "*" || absl::StrContains(*names, absl::StrCat("\"", version, "\""));
}

}  // namespace

absl::string_view MediaType(absl::string_view name) {
  struct Ending {
    absl::string_view ending;
    absl::string_view type;
  };
  constexpr Ending kEndings[] = {
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".webp", "image/webp"},
      {".jpg", "image/jpeg"},
      {".ico", "image/vnd.microsoft.icon"},
      {".woff2", "font/woff2"},
      {".json", "application/json"},
      {".txt", "text/plain; charset=utf-8"},
      {".webmanifest", "application/manifest+json"},
      {".html", "text/html; charset=utf-8"},
  };
  for (const Ending& known : kEndings) {
    if (absl::EndsWith(name, known.ending)) return known.type;
  }
  return "application/octet-stream";
}

StaticFiles::StaticFiles(std::string prefix, const std::vector<EmbeddedFile>& files)
    : prefix_(std::move(prefix)) {
  std::string all;
  for (const EmbeddedFile& embedded : files) {
    File file;
    file.plain = std::make_shared<const std::string>(embedded.bytes.ToString());
    file.type = std::string(MediaType(embedded.name));
    file.version = VersionOf(*file.plain);
    absl::StrAppend(&all, embedded.name, " ", file.version, "\n");
    std::string compressed = Gzip(*file.plain, kBestLevel);
    if (!compressed.empty() && compressed.size() + 64 < file.plain->size()) {
      file.gzip = std::make_shared<const std::string>(std::move(compressed));
    }
    files_.emplace(embedded.name, std::move(file));
  }
  version_ = VersionOf(all);
}

std::optional<HttpResponse> StaticFiles::Serve(const RequestHead& request) const {
  absl::string_view name = request.path;
  if (!request.is_read() || !absl::ConsumePrefix(&name, prefix_)) return std::nullopt;
  const absl::string_view version = name.substr(0, name.find('/'));
  if (IsVersion(version)) name.remove_prefix(std::min(version.size() + 1, name.size()));
  const auto found = files_.find(name);
  if (found == files_.end()) return std::nullopt;
  const File& file = found->second;

  HttpResponse response;
  response.headers.Add("Cache-Control", version == version_ ? "public, max-age=31536000, immutable"
                                                            : "public, no-cache");
  response.headers.Add("ETag", absl::StrCat("W/\"", file.version, "\""));
  if (file.gzip != nullptr) response.headers.Add("Vary", "Accept-Encoding");
  if (NamesEtag(request.headers, file.version)) {
    response.status = 304;
    return response;
  }
  response.headers.Add("Content-Type", file.type);
  response.shared_body = file.plain;
  response.compressible = false;
  if (file.gzip != nullptr && AcceptsGzip(request.headers)) {
    response.headers.Add("Content-Encoding", "gzip");
    response.shared_body = file.gzip;
  }
  return response;
}

std::string StaticFiles::Folder() const { return absl::StrCat(prefix_, version_, "/"); }

}  // namespace rostrum::http
