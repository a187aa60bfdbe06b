#include "gateway/transcoding/header_binding.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kMaxIdempotencyKey = 128;
constexpr size_t kMaxEtag = 128;
constexpr size_t kBodyHash = 16;
constexpr size_t kMaxEventId = 512;

bool IsPrintable(absl::string_view text, size_t max_characters) {
  return !text.empty() && text.size() <= max_characters &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string GetText(const Message& request, const FieldPath& path) {
  const Message* parent = &request;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    parent = &parent->GetReflection()->GetMessage(*parent, path[i]);
  }
  return parent->GetReflection()->GetString(*parent, path.back());
}

void SetText(Message& request, const FieldPath& path, std::string text) {
  Message* parent = &request;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    parent = parent->GetReflection()->MutableMessage(parent, path[i]);
  }
  parent->GetReflection()->SetString(parent, path.back(), std::move(text));
}

absl::Status SetOnce(Message& request, const FieldPath& path, std::string text,
                     absl::string_view header) {
  const std::string present = GetText(request, path);
  if (!present.empty() && present != text) {
    return InvalidField(ProtoPath(path), "DUPLICATE_FIELD",
                        absl::StrCat("differs from the header ", header));
  }
  SetText(request, path, std::move(text));
  return absl::OkStatus();
}

// Removes the next entity tag from `list` and returns it without W/; "" if the list is over or
// malformed.
absl::string_view NextEtag(absl::string_view& list) {
  list = absl::StripLeadingAsciiWhitespace(list);
  absl::ConsumePrefix(&list, "W/");
  if (list.empty() || list[0] != '"') return {};
  const size_t end = list.find('"', 1);
  if (end == absl::string_view::npos) return {};
  const absl::string_view tag = list.substr(0, end + 1);
  list.remove_prefix(end + 1);
  list = absl::StripLeadingAsciiWhitespace(list);
  absl::ConsumePrefix(&list, ",");
  return tag;
}

// `text` if it is an entity tag with its quotes, else "".
std::string ValidEtag(absl::string_view text) {
  absl::string_view opaque = text;
  absl::ConsumePrefix(&opaque, "W/");
  const bool valid =
      opaque.size() >= 2 && opaque.size() <= kMaxEtag && opaque.front() == '"' &&
      opaque.back() == '"' && opaque.find('"', 1) == opaque.size() - 1 &&
      std::all_of(opaque.begin(), opaque.end(), [](char c) { return c > ' ' && c <= '~'; });
  return valid ? std::string(text) : "";
}

// The service's etag in one made by EntityTag, which appends a dot and more. Etags of services
// have no dot.
std::string WithoutBody(const std::string& etag) {
  const size_t dot = etag.find('.');
  return dot == std::string::npos ? etag : absl::StrCat(etag.substr(0, dot), "\"");
}

absl::Status BindIfMatch(const Route& route, const std::string& value, Message& request) {
  absl::string_view text = absl::StripAsciiWhitespace(value);
  absl::ConsumePrefix(&text, "W/");
  const std::string etag = text == "*" ? "*" : ValidEtag(text);
  if (etag.empty()) {
    return InvalidField(ProtoPath(route.etag), "INVALID_VALUE",
                        "If-Match must be one entity tag or *");
  }
  return SetOnce(request, route.etag, WithoutBody(etag), "If-Match");
}

}  // namespace

absl::Status BindHeaders(const Route& route, const HeaderLookup& header, Message& request) {
  if (const std::string* key = route.request_id ? header("idempotency-key") : nullptr) {
    if (!IsPrintable(*key, kMaxIdempotencyKey)) {
      return InvalidField(route.request_id->name(), "INVALID_VALUE",
                          "Idempotency-Key must be 1 to 128 printable ASCII characters");
    }
    RETURN_IF_ERROR(SetOnce(request, {route.request_id}, *key, "Idempotency-Key"));
  }
  if (const std::string* etag = route.etag.empty() ? nullptr : header("if-match")) {
    RETURN_IF_ERROR(BindIfMatch(route, *etag, request));
  }
  if (const std::string* id = route.resume_token ? header("last-event-id") : nullptr) {
    if (!IsPrintable(*id, kMaxEventId)) {
      return InvalidField(route.resume_token->name(), "INVALID_VALUE",
                          "Last-Event-ID must be what an event had as id");
    }
    SetText(request, {route.resume_token}, *id);
  }
  return absl::OkStatus();
}

bool EtagMatches(absl::string_view if_none_match, absl::string_view etag) {
  if (etag.empty()) return false;
  if (absl::StripAsciiWhitespace(if_none_match) == "*") return true;
  absl::ConsumePrefix(&etag, "W/");
  for (;;) {
    const absl::string_view tag = NextEtag(if_none_match);
    if (tag.empty()) return false;
    if (tag == etag) return true;
  }
}

std::string EtagOf(const Message& response) {
  const FieldDescriptor* field = response.GetDescriptor()->FindFieldByName("etag");
  if (field == nullptr || field->type() != FieldDescriptor::TYPE_STRING || field->is_repeated()) {
    return "";
  }
  return ValidEtag(response.GetReflection()->GetString(response, field));
}

std::string EntityTag(absl::string_view etag, absl::string_view body) {
  if (etag.empty()) return "";
  etag.remove_suffix(1);
  return absl::StrCat(etag, ".", Hex(Sha256(body)).substr(0, kBodyHash), "\"");
}

}  // namespace rostrum::gateway
