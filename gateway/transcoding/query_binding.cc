#include "gateway/transcoding/query_binding.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/transcoding/field_path.h"
#include "gateway/transcoding/percent_decoding.h"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::Message;

constexpr size_t kMaxNameBytes = 200;
constexpr size_t kMaxViolations = 20;

class QueryBinder {
 public:
  QueryBinder(const Route& route, Message& request) : route_(route), request_(request) {}

  absl::Status Bind(absl::string_view query) {
    if (std::count(query.begin(), query.end(), '&') >= kMaxQueryParameters) {
      return Error(absl::StatusCode::kInvalidArgument, "TOO_MANY_PARAMETERS",
                   absl::StrCat("more than ", kMaxQueryParameters, " query parameters"));
    }
    for (absl::string_view pair : absl::StrSplit(query, '&', absl::SkipEmpty())) {
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(pair, absl::MaxSplits('=', 1));
      ASSIGN_OR_RETURN(const std::string name, PercentDecode(parts.first, Decoding::kQuery));
      ASSIGN_OR_RETURN(const std::string value, PercentDecode(parts.second, Decoding::kQuery));
      BindOne(name, value);
      if (violations_.size() >= kMaxViolations) break;
    }
    return violations_.empty() ? absl::OkStatus() : InvalidFields(std::move(violations_));
  }

 private:
  void BindOne(const std::string& name, const std::string& value) {
    const std::string shown(TruncateUtf8(name, kMaxNameBytes));
    if (route_.body_is_message) {
      return Refuse(shown, "UNKNOWN_FIELD", "every field of this request is in its path or body");
    }
    if (name.size() > kMaxNameBytes) return Refuse(shown, "UNKNOWN_FIELD", "is no field");
    const auto path = ResolveFieldPath(*request_.GetDescriptor(), name);
    if (!path.ok()) return Refuse(shown, "UNKNOWN_FIELD", "is no field that a query can give");
    if (!HasTextForm(*path->back())) {
      return Refuse(ProtoPath(*path), "UNKNOWN_FIELD", "a query cannot give a whole message");
    }
    if (path->front() == route_.body_field) {
      return Refuse(ProtoPath(*path), "DUPLICATE_FIELD", "stands in the body");
    }
    if (Holds(route_.path_fields, *path)) {
      return Refuse(ProtoPath(*path), "DUPLICATE_FIELD", "stands in the path");
    }
    if (!path->back()->is_repeated()) {
      if (Holds(seen_, *path)) return Refuse(ProtoPath(*path), "DUPLICATE_FIELD", "comes twice");
      seen_.push_back(*path);
    }
    const absl::Status status = SetFromText(request_, *path, value);
    for (FieldViolation& violation : DetailsOf(status).violations) {
      violations_.push_back(std::move(violation));
    }
  }

  static bool Holds(const std::vector<FieldPath>& paths, const FieldPath& path) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
  }
  void Refuse(absl::string_view field, absl::string_view reason, absl::string_view description) {
    violations_.push_back({std::string(field), std::string(reason), std::string(description)});
  }

  const Route& route_;
  Message& request_;
  std::vector<FieldPath> seen_;
  std::vector<FieldViolation> violations_;
};

}  // namespace

absl::Status BindQuery(const Route& route, absl::string_view query, Message& request) {
  if (query.empty()) return absl::OkStatus();
  return QueryBinder(route, request).Bind(query);
}

}  // namespace rostrum::gateway
