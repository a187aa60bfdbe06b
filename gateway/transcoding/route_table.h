#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gateway/transcoding/route.h"
#include "google/protobuf/descriptor.h"

namespace rostrum::gateway {

// The value of a path variable, decoded.
struct PathBinding {
  const FieldPath* field;
  std::string value;
};

struct RouteMatch {
  const Route* route = nullptr;
  absl::InlinedVector<PathBinding, 4> bindings;
};

// Finds the RPC of a method and a path. A trie over path segments, built once;
// immutable, so thread-safe. Finding a route takes time in the path's length,
// not in the number of routes.
class RouteTable {
 public:
  // INVALID_ARGUMENT names the RPC whose rule is wrong, or the two that collide.
  static absl::StatusOr<RouteTable> Create(
      const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  RouteTable(RouteTable&&) = default;

  // `path` is the encoded path without the query. A literal takes precedence over `*`, and
  // `*` over `**`. A last segment "x:y" is the segment "x" with the verb y if such a route
  // exists, else an ordinary segment.
  // Errors: NOT_FOUND / ROUTE_NOT_FOUND; UNIMPLEMENTED / METHOD_NOT_ALLOWED with
  // metadata "allow", such as "GET, HEAD, POST"; INVALID_ARGUMENT /
  // INVALID_ENCODING or PATH_TOO_LONG.
  absl::StatusOr<RouteMatch> Match(absl::string_view method, absl::string_view path) const;

  const std::vector<Route>& routes() const { return routes_; }
  // One line per route, sorted by path, for the golden file.
  std::string Dump() const;

 private:
  // The routes that end at a node and have the same verb: for each HTTP method an index
  // into `routes_`, or -1.
  struct Ending {
    std::string verb;
    std::array<int, kHttpMethodCount> routes;
  };
  struct Node {
    absl::flat_hash_map<std::string, int> literals;
    int single = -1;
    int multi = -1;
    std::vector<Ending> endings;
  };
  struct Path;
  struct Search;

  RouteTable() : nodes_(1) {}
  absl::Status Insert(int route);
  int Child(int node, const PathSegment& segment);
  bool Visit(Search& search, int node, int position) const;
  absl::StatusOr<RouteMatch> Bind(const Route& route, const Path& path) const;

  std::vector<Route> routes_;
  std::vector<Node> nodes_;
  absl::flat_hash_set<std::string> verbs_;
};

// The descriptors of the services with these full names. They must be linked into the
// program (the linker takes only what is used from a static library). NOT_FOUND names one
// that is not.
absl::StatusOr<std::vector<const google::protobuf::ServiceDescriptor*>> LinkedServices(
    const std::vector<std::string>& full_names);

}  // namespace rostrum::gateway
