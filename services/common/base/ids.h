#pragma once

#include <compare>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace rostrum {

// A typed id: a PostId cannot be passed where an AccountId is meant. The value
// is a UUID in lower-case canonical form.
template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string value) : value_(std::move(value)) {}

  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }

  friend auto operator<=>(const Id&, const Id&) = default;
  friend bool operator==(const Id&, const Id&) = default;
  template <class H>
  friend H AbslHashValue(H h, const Id& id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  std::string value_;
};

using AccountId = Id<struct AccountIdTag>;
using AuthorId = Id<struct AuthorIdTag>;
using ChannelId = Id<struct ChannelIdTag>;
using CheckoutId = Id<struct CheckoutIdTag>;
using CommentId = Id<struct CommentIdTag>;
using MediaId = Id<struct MediaIdTag>;
using PostId = Id<struct PostIdTag>;
using SessionId = Id<struct SessionIdTag>;
using SignUpId = Id<struct SignUpIdTag>;
using TokenId = Id<struct TokenIdTag>;
using TopicId = Id<struct TopicIdTag>;

// Returns a new UUIDv7 (RFC 9562): time-ordered, 74 random bits.
std::string NewUuid(absl::Time now);

// True if `text` is a UUID in lower-case canonical form.
bool IsUuid(absl::string_view text);

// Parses an id that came from outside. INVALID_ARGUMENT naming `field`
// (reason INVALID_ID) if it is not a UUID.
absl::Status CheckUuid(absl::string_view text, absl::string_view field);

template <class IdType>
absl::StatusOr<IdType> ParseId(const std::string& text, absl::string_view field) {
  if (absl::Status status = CheckUuid(text, field); !status.ok()) return status;
  return IdType(text);
}

}  // namespace rostrum
