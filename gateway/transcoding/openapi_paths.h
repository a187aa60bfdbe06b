#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/transcoding/route.h"

namespace rostrum::gateway {

// A path in the form of OpenAPI: "/v1/posts/{postId}:publish". A variable with a pattern,
// such as {name=posts/*}, is written out, with a parameter for each wildcard in the
// pattern.
struct OpenApiPath {
  struct Parameter {
    std::string name;
    // The field whose value is this parameter; null for a wildcard that is only a part of a
    // field.
    const google::protobuf::FieldDescriptor* field = nullptr;
    bool many_segments = false;
  };
  std::string text;
  std::vector<Parameter> parameters;
};

// Converts paths to their OpenAPI form. Templates that match the same paths are one path in
// OpenAPI, so all get the parameter names of the first.
class OpenApiPaths {
 public:
  OpenApiPath Of(const Route& route);

 private:
  std::map<std::string, std::vector<std::string>> names_by_shape_;
};

}  // namespace rostrum::gateway
