#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/transcoding/route.h"

namespace rostrum::gateway {

// A path as OpenAPI writes it: "/v1/posts/{postId}:publish". What a variable
// such as {name=posts/*} takes is written out, with a parameter for each
// wildcard in it.
struct OpenApiPath {
  struct Parameter {
    std::string name;
    // The field that is this parameter and nothing else; null for a wildcard
    // within a longer variable.
    const google::protobuf::FieldDescriptor* field = nullptr;
    bool many_segments = false;
  };
  std::string text;
  std::vector<Parameter> parameters;
};

// Gives paths their OpenAPI form. Templates that match the same paths get the
// same names, those of the first, as OpenAPI takes them for one path.
class OpenApiPaths {
 public:
  OpenApiPath Of(const Route& route);

 private:
  std::map<std::string, std::vector<std::string>> names_by_shape_;
};

}  // namespace rostrum::gateway
