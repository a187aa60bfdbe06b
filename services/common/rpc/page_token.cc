#include "services/common/rpc/page_token.h"

#include <algorithm>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"

namespace rostrum {
namespace {

constexpr size_t kMaxTokenBytes = 1 << 10;
constexpr size_t kMacBytes = 16;

void Put(std::string& out, absl::string_view part) {
  for (int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(part.size() >> shift));
  out.append(part.data(), part.size());
}

// Takes what Put wrote from the front; false if it is cut short.
bool Take(absl::string_view& in, std::string* part) {
  if (in.size() < 4) return false;
  size_t size = 0;
  for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(in[i]);
  in.remove_prefix(4);
  if (size > in.size()) return false;
  *part = std::string(in.substr(0, size));
  in.remove_prefix(size);
  return true;
}

std::string Mac(const std::string& key, absl::string_view scope, absl::string_view payload) {
  std::string message;
  Put(message, scope);
  Put(message, payload);
  return HmacSha256(key, message).substr(0, kMacBytes);
}

absl::Status InvalidToken() {
  return InvalidField("page_token", "PAGE_TOKEN_INVALID",
                      "must be a next_page_token of the same list with the same arguments");
}

void ClearField(google::protobuf::Message& message, const char* name) {
  const google::protobuf::FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field != nullptr) message.GetReflection()->ClearField(&message, field);
}

}  // namespace

PageTokens::PageTokens(absl::string_view secret) : key_(DeriveKey(secret, "page-token")) {}

std::string PageTokens::Encode(absl::string_view scope,
                               const std::vector<std::string>& cursor) const {
  std::string payload;
  for (const std::string& part : cursor) Put(payload, part);
  return Base64Url(absl::StrCat(Mac(key_, scope, payload), payload));
}

absl::StatusOr<std::vector<std::string>> PageTokens::Decode(absl::string_view scope,
                                                            absl::string_view token,
                                                            size_t parts) const {
  std::vector<std::string> cursor;
  if (token.empty()) return cursor;
  if (token.size() > kMaxTokenBytes) return InvalidToken();
  const absl::StatusOr<std::string> bytes = Base64UrlDecode(token);
  if (!bytes.ok() || bytes->size() < kMacBytes) return InvalidToken();
  const absl::string_view mac = absl::string_view(*bytes).substr(0, kMacBytes);
  absl::string_view payload = absl::string_view(*bytes).substr(kMacBytes);
  if (!EqualInConstantTime(mac, Mac(key_, scope, payload))) return InvalidToken();
  for (std::string part; Take(payload, &part);) cursor.push_back(std::move(part));
  if (!payload.empty() || cursor.size() != parts) return InvalidToken();
  return cursor;
}

std::string PageScope(const Caller& caller, const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> arguments(request.New());
  arguments->CopyFrom(request);
  arguments->DiscardUnknownFields();
  ClearField(*arguments, "page_size");
  ClearField(*arguments, "page_token");
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    arguments->SerializeToCodedStream(&coded);
  }
  std::string scope;
  Put(scope, caller.Key());
  Put(scope, request.GetTypeName());
  Put(scope, bytes);
  return scope;
}

std::vector<std::string> TimeCursorParts(absl::Time time, const std::string& id) {
  return {absl::StrCat(absl::ToUnixMicros(time)), id};
}

absl::StatusOr<absl::Time> page_token_internal::ReadTimePart(const std::string& part) {
  int64_t micros = 0;
  if (!absl::SimpleAtoi(part, &micros)) return absl::InternalError("a signed cursor is no time");
  return absl::FromUnixMicros(micros);
}

absl::StatusOr<int> PageSize(int requested, int fallback, int max) {
  if (requested < 0) return InvalidField("page_size", "NEGATIVE", "must not be negative");
  return requested == 0 ? fallback : std::min(requested, max);
}

}  // namespace rostrum
