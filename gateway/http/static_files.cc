#include "gateway/http/static_files.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/http/compression.h"
#include "services/common/base/crypto.h"

namespace rostrum::http {
namespace {

constexpr int kBestLevel = 9;  // compressed only once

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
  for (const EmbeddedFile& embedded : files) {
    File file;
    file.plain = std::make_shared<const std::string>(embedded.bytes.ToString());
    file.type = std::string(MediaType(embedded.name));
    file.version = Hex(Sha256(*file.plain)).substr(0, 16);
    std::string compressed = Gzip(*file.plain, kBestLevel);
    if (!compressed.empty() && compressed.size() + 64 < file.plain->size()) {
      file.gzip = std::make_shared<const std::string>(std::move(compressed));
    }
    files_.emplace(embedded.name, std::move(file));
  }
}

std::optional<HttpResponse> StaticFiles::Serve(const RequestHead& request) const {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  if (!absl::StartsWith(request.path, prefix_)) return std::nullopt;
  const auto found = files_.find(request.path.substr(prefix_.size()));
  if (found == files_.end()) return std::nullopt;
  const File& file = found->second;

  HttpResponse response;
  const bool versioned = request.query == absl::StrCat("v=", file.version);
  response.headers.Add("Cache-Control",
                       versioned ? "public, max-age=31536000, immutable" : "public, no-cache");
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

std::string StaticFiles::Url(absl::string_view name) const {
  const auto found = files_.find(std::string(name));
  if (found == files_.end()) return "";
  return absl::StrCat(prefix_, found->first, "?v=", found->second.version);
}

}  // namespace rostrum::http
