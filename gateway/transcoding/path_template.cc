#include "gateway/transcoding/path_template.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

// Literals are compared with the path as it was sent, so only characters that clients never
// encode are allowed. ':' would begin a verb.
bool IsLiteralCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("-._~!$&'()+,;@").find(c) != absl::string_view::npos;
}

bool IsIdentifierCharacter(char c, bool first) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_' ||
         (!first && absl::ascii_isdigit(static_cast<unsigned char>(c)));
}

class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  absl::StatusOr<PathTemplate> Parse() {
    if (!Take('/')) return Problem("must begin with '/'");
    RETURN_IF_ERROR(ParseSegments(/*in_variable=*/false));
    if (Take(':')) {
      out_.verb = TakeLiteral();
      if (out_.verb.empty()) return Problem("the verb is empty");
    }
    if (position_ < text_.size()) return Problem("unexpected character");
    RETURN_IF_ERROR(CheckWildcards());
    return std::move(out_);
  }

 private:
  absl::Status ParseSegments(bool in_variable) {
    do {
      RETURN_IF_ERROR(ParseSegment(in_variable));
    } while (Take('/'));
    return absl::OkStatus();
  }

  absl::Status ParseSegment(bool in_variable) {
    if (Take('{')) {
      if (in_variable) return Problem("a variable may not hold another");
      return ParseVariable();
    }
    if (Take('*')) {
      const bool multi = Take('*');
      out_.segments.push_back({multi ? PathSegment::Kind::kMulti : PathSegment::Kind::kSingle, ""});
      return absl::OkStatus();
    }
    std::string literal = TakeLiteral();
    if (literal.empty()) return Problem("expected a segment");
    out_.segments.push_back({PathSegment::Kind::kLiteral, std::move(literal)});
    return absl::OkStatus();
  }

  absl::Status ParseVariable() {
    PathVariable variable;
    do {
      const std::string name = TakeIdentifier();
      if (name.empty()) return Problem("expected a field name");
      absl::StrAppend(&variable.field_path, variable.field_path.empty() ? "" : ".", name);
    } while (Take('.'));
    variable.begin = static_cast<int>(out_.segments.size());
    if (Take('=')) {
      RETURN_IF_ERROR(ParseSegments(/*in_variable=*/true));
    } else {
      out_.segments.push_back({PathSegment::Kind::kSingle, ""});
    }
    if (!Take('}')) return Problem("expected '}'");
    variable.end = static_cast<int>(out_.segments.size());
    variable.multi_segment = variable.end - variable.begin > 1 ||
                             out_.segments[variable.begin].kind == PathSegment::Kind::kMulti;
    for (const PathVariable& other : out_.variables) {
      if (other.field_path == variable.field_path) {
        return Problem(absl::StrCat("the variable ", variable.field_path, " stands twice"));
      }
    }
    out_.variables.push_back(std::move(variable));
    return absl::OkStatus();
  }

  absl::Status CheckWildcards() const {
    bool after_multi = false;
    for (const PathSegment& segment : out_.segments) {
      if (after_multi && segment.kind != PathSegment::Kind::kLiteral) {
        return absl::InvalidArgumentError(
            absl::StrCat("path template \"", text_, "\": only literals may follow '**'"));
      }
      after_multi = after_multi || segment.kind == PathSegment::Kind::kMulti;
    }
    return absl::OkStatus();
  }

  bool Take(char c) {
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  std::string TakeLiteral() {
    const size_t begin = position_;
    while (position_ < text_.size() && IsLiteralCharacter(text_[position_])) ++position_;
    return std::string(text_.substr(begin, position_ - begin));
  }
  std::string TakeIdentifier() {
    const size_t begin = position_;
    while (position_ < text_.size() &&
           IsIdentifierCharacter(text_[position_], position_ == begin)) {
      ++position_;
    }
    return std::string(text_.substr(begin, position_ - begin));
  }
  absl::Status Problem(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("path template \"", text_, "\": ", what, " at position ", position_));
  }

  const absl::string_view text_;
  size_t position_ = 0;
  PathTemplate out_;
};

}  // namespace

absl::StatusOr<PathTemplate> PathTemplate::Parse(absl::string_view text) {
  return Parser(text).Parse();
}

int PathTemplate::MultiIndex() const {
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].kind == PathSegment::Kind::kMulti) return static_cast<int>(i);
  }
  return -1;
}

std::string PathTemplate::Shape() const {
  std::string shape;
  for (const PathSegment& segment : segments) {
    absl::string_view text = segment.literal;
    if (segment.kind == PathSegment::Kind::kSingle) text = "*";
    if (segment.kind == PathSegment::Kind::kMulti) text = "**";
    absl::StrAppend(&shape, "/", text);
  }
  if (!verb.empty()) absl::StrAppend(&shape, ":", verb);
  return shape;
}

}  // namespace rostrum::gateway
