#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gateway/transcoding/route_table.h"
#include "google/protobuf/descriptor.pb.h"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum::gateway {
namespace {

using Segments = std::vector<absl::string_view>;

// Whether segments are as a template wants them, by trying every length of its
// `**`: slow and plain, as the specification has it.
bool Takes(const std::vector<PathSegment>& wanted, const Segments& path, size_t w, size_t p) {
  if (w == wanted.size()) return p == path.size();
  if (wanted[w].kind == PathSegment::Kind::kMulti) {
    for (size_t next = p; next <= path.size(); ++next) {
      if (Takes(wanted, path, w + 1, next)) return true;
    }
    return false;
  }
  if (p == path.size()) return false;
  const bool fits = wanted[w].kind == PathSegment::Kind::kSingle ? !path[p].empty()
                                                                 : wanted[w].literal == path[p];
  return fits && Takes(wanted, path, w + 1, p + 1);
}

bool Takes(const Route& route, absl::string_view path) {
  if (!route.path_template.verb.empty()) {
    const std::string verb = ":" + route.path_template.verb;
    if (!absl::EndsWith(path, verb)) return false;
    path.remove_suffix(verb.size());
  }
  return Takes(route.path_template.segments, absl::StrSplit(path.substr(1), '/'), 0, 0);
}

// The tables of the tests' library and of Rostrum.
RouteTable TableOf(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  google::protobuf::FileDescriptorSet files;
  REQUIRE(!bytes.empty() && files.ParseFromString(bytes), path);
  // The tables look at descriptors for as long as they live.
  auto* const pool = new google::protobuf::DescriptorPool();
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  for (const auto& proto : files.file()) {
    const google::protobuf::FileDescriptor* file = pool->BuildFile(proto);
    REQUIRE(file != nullptr, proto.name());
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  auto table = RouteTable::Create(services);
  REQUIRE(table.ok(), std::string(table.status().message()));
  return *std::move(table);
}

void CheckMatch(const RouteTable& table, absl::string_view method, absl::string_view path) {
  const auto match = table.Match(method, path);
  if (match.ok()) {
    REQUIRE(Takes(*match->route, path), path);
    REQUIRE(HttpMethodName(match->route->http_method) == method ||
                (method == "HEAD" && match->route->http_method == HttpMethod::kGet),
            method);
    REQUIRE(match->bindings.size() == match->route->path_fields.size(), path);
    for (const PathBinding& binding : match->bindings) {
      REQUIRE(IsCleanUtf8(binding.value), binding.value);
    }
    return;
  }
  const std::string reason = ReasonOf(match.status());
  const bool found = std::any_of(table.routes().begin(), table.routes().end(),
                                 [&](const Route& route) { return Takes(route, path); });
  if (reason == "ROUTE_NOT_FOUND") {
    REQUIRE(!found, path);
  } else if (reason == "METHOD_NOT_ALLOWED") {
    REQUIRE(found && !DetailsOf(match.status()).metadata.at("allow").empty(), path);
  } else {
    REQUIRE(reason == "INVALID_ENCODING", path);
    REQUIRE(!IsCleanUtf8(path) || absl::StrContains(path, "%"), path);
  }
}

}  // namespace

// "METHOD path": the trie finds a route exactly when a plain reading of the
// templates finds one.
FUZZ_TARGET(route_match) {
  static const RouteTable* const library = new RouteTable(TableOf(LIBRARY_DESCRIPTORS));
  static const RouteTable* const rostrum = new RouteTable(TableOf(ROSTRUM_DESCRIPTORS));
  const size_t space = input.find(' ');
  if (space == absl::string_view::npos) return;
  const absl::string_view path = input.substr(space + 1);
  // Longer ones are slow to check plainly, and the table refuses them.
  if (path.empty() || path[0] != '/' || path.size() > 1024) return;
  if (std::count(path.begin(), path.end(), '/') >= 64) return;
  CheckMatch(*library, input.substr(0, space), path);
  CheckMatch(*rostrum, input.substr(0, space), path);
}

}  // namespace rostrum::gateway
