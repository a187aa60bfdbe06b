#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace rostrum::http {

// Header fields in the order in which they came. Names are compared without
// regard to case. Not thread-safe.
class HttpHeaders {
 public:
  using Field = std::pair<std::string, std::string>;

  // The value of the first field of that name, or nullptr.
  const std::string* Find(absl::string_view name) const;
  bool Has(absl::string_view name) const { return Find(name) != nullptr; }
  size_t Count(absl::string_view name) const;

  void Add(absl::string_view name, absl::string_view value);
  // Replaces every field of that name.
  void Set(absl::string_view name, absl::string_view value);
  void Remove(absl::string_view name);
  template <class Predicate>
  void RemoveIf(Predicate predicate) {
    std::erase_if(fields_, predicate);
  }

  size_t size() const { return fields_.size(); }
  std::vector<Field>::const_iterator begin() const { return fields_.begin(); }
  std::vector<Field>::const_iterator end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

// The head of a request that the policy (head_policy.h) let through.
struct RequestHead {
  std::string method;
  // Origin form, as it came: path and query, still percent-encoded.
  std::string target;
  std::string path;
  // Without the question mark.
  std::string query;
  // 0 or 1, for HTTP/1.0 and HTTP/1.1.
  int minor_version = 1;
  HttpHeaders headers;

  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool expects_continue = false;
  // What the client asked for. The server may close the connection nevertheless.
  bool keep_alive = true;

  // Of a method that changes nothing and answers with content.
  bool is_read() const { return method == "GET" || method == "HEAD"; }
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

// Why a request is answered without calling the handler. The texts are constants, never
// bytes of the request.
struct Refusal {
  int status = 400;
  std::string reason;  // UPPER_SNAKE
  std::string message;
};

// RFC 9110 token characters, of which methods, field and cookie names are made.
bool IsTokenCharacter(unsigned char c);
bool IsToken(absl::string_view text);
// Without the spaces and tabs around it (OWS of RFC 9110).
absl::string_view TrimOws(absl::string_view text);

}  // namespace rostrum::http
