#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rostrum::gateway {

// A path template of google.api.http, such as "/v1/posts/{post_id}:publish".
//
//   Template = "/" Segment { "/" Segment } [ ":" LITERAL ]
//   Segment  = "*" | "**" | LITERAL | "{" FieldPath [ "=" Segments ] "}"
//
// `*` matches one segment that is not empty, `**` any number of segments. Only literals may
// follow `**`, so that there is at most one way to match.

struct PathSegment {
  enum class Kind { kLiteral, kSingle, kMulti };
  Kind kind = Kind::kLiteral;
  std::string literal;
  friend bool operator==(const PathSegment&, const PathSegment&) = default;
};

// A variable takes the segments [begin, end) of its template.
struct PathVariable {
  std::string field_path;
  int begin = 0;
  int end = 0;
  // True if the variable can match more than one segment: then %2F stays encoded.
  bool multi_segment = false;
};

struct PathTemplate {
  std::vector<PathSegment> segments;
  std::vector<PathVariable> variables;
  std::string verb;

  // INVALID_ARGUMENT says what is wrong and where.
  static absl::StatusOr<PathTemplate> Parse(absl::string_view text);

  // The index of `**` among the segments, or -1.
  int MultiIndex() const;
  // The template without variables: equal for templates that match the same
  // paths, such as "/v1/posts/*:publish".
  std::string Shape() const;
};

}  // namespace rostrum::gateway
