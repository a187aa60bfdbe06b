#include "gateway/transcoding/openapi_paths.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace rostrum::gateway {
namespace {

// The variable that segment `index` is in, or -1.
int VariableAt(const PathTemplate& path, int index) {
  for (size_t i = 0; i < path.variables.size(); ++i) {
    if (index >= path.variables[i].begin && index < path.variables[i].end) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

int WildcardsIn(const PathTemplate& path, const PathVariable& variable) {
  int count = 0;
  for (int i = variable.begin; i < variable.end; ++i) {
    if (path.segments[i].kind != PathSegment::Kind::kLiteral) ++count;
  }
  return count;
}

// A variable with one wildcard gives it its name; else "posts/*" is a post.
std::string NameOf(const Route& route, int index, int variable) {
  const PathTemplate& path = route.path_template;
  if (variable >= 0 && WildcardsIn(path, path.variables[variable]) == 1) {
    return route.path_fields[variable].back()->json_name();
  }
  if (index > 0 && path.segments[index - 1].kind == PathSegment::Kind::kLiteral) {
    return std::string(absl::StripSuffix(path.segments[index - 1].literal, "s"));
  }
  return "segment";
}

}  // namespace

OpenApiPath OpenApiPaths::Of(const Route& route) {
  OpenApiPath out;
  std::vector<std::string> names;
  for (int i = 0; i < static_cast<int>(route.path_template.segments.size()); ++i) {
    const PathSegment& segment = route.path_template.segments[i];
    if (segment.kind == PathSegment::Kind::kLiteral) continue;
    const int variable = VariableAt(route.path_template, i);
    std::string name = NameOf(route, i, variable);
    if (std::find(names.begin(), names.end(), name) != names.end()) absl::StrAppend(&name, i);
    names.push_back(name);
    const bool whole = variable >= 0 && !route.path_template.variables[variable].multi_segment;
    out.parameters.push_back({.name = std::move(name),
                              .field = whole ? route.path_fields[variable].back() : nullptr,
                              .many_segments = segment.kind == PathSegment::Kind::kMulti});
  }
  names = names_by_shape_.try_emplace(route.path_template.Shape(), names).first->second;
  size_t next = 0;
  for (const PathSegment& segment : route.path_template.segments) {
    if (segment.kind == PathSegment::Kind::kLiteral) {
      absl::StrAppend(&out.text, "/", segment.literal);
    } else {
      out.parameters[next].name = names[next];
      absl::StrAppend(&out.text, "/{", names[next++], "}");
    }
  }
  if (!route.path_template.verb.empty()) absl::StrAppend(&out.text, ":", route.path_template.verb);
  return out;
}

}  // namespace rostrum::gateway
