#include "gateway/http/compression.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/http/gzip.h"

namespace rostrum::http {
namespace {

constexpr size_t kLeastBytes = 1024;
// Takes about 60 % of the time of level 6; the result is a few per cent larger.
constexpr int kLevel = 4;

bool IsCompressibleType(const HttpHeaders& headers) {
  const std::string* type = headers.Find("content-type");
  if (type == nullptr) return false;
  const std::string lower =
      absl::AsciiStrToLower(absl::StripAsciiWhitespace(type->substr(0, type->find(';'))));
  return absl::StartsWith(lower, "text/") || absl::EndsWith(lower, "+json") ||
         absl::EndsWith(lower, "+xml") || lower == "application/json" ||
         lower == "application/javascript" || lower == "application/xml" ||
         lower == "application/manifest+json" || lower == "application/x-ndjson";
}

bool IsEligible(const HttpResponse& response) {
  if (!response.compressible || response.stream || response.status == 206 ||
      response.bytes().size() < kLeastBytes || response.headers.Has("content-encoding")) {
    return false;
  }
  const std::string* control = response.headers.Find("cache-control");
  if (control != nullptr && absl::StrContains(*control, "no-transform")) return false;
  return IsCompressibleType(response.headers);
}

// The weight of one element of Accept-Encoding; 0 if it is malformed.
double Weight(const std::vector<absl::string_view>& parts) {
  double weight = 1;
  for (size_t i = 1; i < parts.size(); ++i) {
    absl::string_view parameter = absl::StripAsciiWhitespace(parts[i]);
    if (!absl::StartsWithIgnoreCase(parameter, "q=")) continue;
    if (!absl::SimpleAtod(parameter.substr(2), &weight)) return 0;
  }
  return weight;
}

}  // namespace

bool AcceptsGzip(const HttpHeaders& request) {
  bool any = false;
  for (const auto& [name, value] : request) {
    if (!absl::EqualsIgnoreCase(name, "accept-encoding")) continue;
    for (absl::string_view element : absl::StrSplit(value, ',')) {
      const std::vector<absl::string_view> parts = absl::StrSplit(element, ';');
      const absl::string_view coding = absl::StripAsciiWhitespace(parts[0]);
      if (absl::EqualsIgnoreCase(coding, "gzip")) return Weight(parts) > 0;
      if (coding == "*") any = Weight(parts) > 0;
    }
  }
  return any;
}

void AddVaryByEncoding(HttpHeaders& headers) {
  const std::string* vary = headers.Find("vary");
  if (vary == nullptr) {
    headers.Add("Vary", "Accept-Encoding");
  } else if (*vary != "*" && !absl::StrContains(absl::AsciiStrToLower(*vary), "accept-encoding")) {
    headers.Set("Vary", absl::StrCat(*vary, ", Accept-Encoding"));
  }
}

void DeclareGzip(HttpHeaders& response) {
  response.Set("Content-Encoding", "gzip");
  const std::string* etag = response.Find("etag");
  if (etag != nullptr && absl::StartsWith(*etag, "\"")) {
    response.Set("ETag", absl::StrCat("W/", *etag));
  }
}

void MaybeCompress(const HttpHeaders& request, HttpResponse& response) {
  if (!IsEligible(response)) return;
  AddVaryByEncoding(response.headers);
  if (!AcceptsGzip(request)) return;
  std::string compressed = Gzip(response.bytes(), kLevel);
  if (compressed.empty() || compressed.size() >= response.bytes().size()) return;
  response.body = std::move(compressed);
  response.shared_body = nullptr;
  DeclareGzip(response.headers);
}

}  // namespace rostrum::http
