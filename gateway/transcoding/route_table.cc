#include "gateway/transcoding/route_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gateway/transcoding/percent_decoding.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::ServiceDescriptor;

constexpr int kMaxSegments = 64;
constexpr size_t kMaxPathBytes = 4096;

std::string AllowList(unsigned methods) {
  std::vector<std::string> names;
  for (int i = 0; i < kHttpMethodCount; ++i) {
    if ((methods & (1u << i)) == 0) continue;
    names.emplace_back(HttpMethodName(static_cast<HttpMethod>(i)));
    if (static_cast<HttpMethod>(i) == HttpMethod::kGet) names.push_back("HEAD");
  }
  return absl::StrJoin(names, ", ");
}

absl::Status NoRoute() {
  return Error(absl::StatusCode::kNotFound, "ROUTE_NOT_FOUND", "there is nothing at this path");
}

}  // namespace

// A request's path, cut at its slashes.
struct RouteTable::Path {
  std::array<absl::string_view, kMaxSegments> segments;
  int count = 0;

  // False if it has more segments than any route.
  bool Split(absl::string_view path) {
    for (size_t begin = 1;;) {
      if (count == kMaxSegments) return false;
      const size_t slash = std::min(path.find('/', begin), path.size());
      segments[count++] = path.substr(begin, slash - begin);
      if (slash == path.size()) return true;
      begin = slash + 1;
    }
  }
  absl::string_view& last() { return segments[count - 1]; }
};

struct RouteTable::Search {
  const Path& path;
  absl::string_view verb;
  int method;            // index, or -1 for one that no rule can name
  unsigned allowed = 0;  // bits of the methods that the path has
  int found = -1;
};

absl::StatusOr<RouteTable> RouteTable::Create(
    const std::vector<const ServiceDescriptor*>& services) {
  RouteTable table;
  for (const ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      ASSIGN_OR_RETURN(std::vector<Route> routes, RoutesOf(*service->method(i)));
      for (Route& route : routes) table.routes_.push_back(std::move(route));
    }
  }
  for (size_t i = 0; i < table.routes_.size(); ++i) {
    RETURN_IF_ERROR(table.Insert(static_cast<int>(i)));
  }
  return table;
}

int RouteTable::Child(int node, const PathSegment& segment) {
  const int next = static_cast<int>(nodes_.size());
  Node& from = nodes_[node];
  int child = next;
  switch (segment.kind) {
    case PathSegment::Kind::kLiteral:
      child = from.literals.try_emplace(segment.literal, next).first->second;
      break;
    case PathSegment::Kind::kSingle:
      if (from.single < 0) from.single = next;
      child = from.single;
      break;
    case PathSegment::Kind::kMulti:
      if (from.multi < 0) from.multi = next;
      child = from.multi;
      break;
  }
  if (child == next) nodes_.emplace_back();
  return child;
}

absl::Status RouteTable::Insert(int index) {
  const Route& route = routes_[index];
  const std::string& verb = route.path_template.verb;
  int node = 0;
  for (const PathSegment& segment : route.path_template.segments) node = Child(node, segment);
  if (!verb.empty()) verbs_.insert(verb);

  std::vector<Ending>& endings = nodes_[node].endings;
  auto ending =
      std::find_if(endings.begin(), endings.end(), [&](const Ending& e) { return e.verb == verb; });
  if (ending == endings.end()) {
    Ending fresh{.verb = verb, .routes = {}};
    fresh.routes.fill(-1);
    ending = endings.insert(endings.end(), std::move(fresh));
  }
  int& slot = ending->routes[static_cast<int>(route.http_method)];
  if (slot >= 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        route.method->full_name(), ": ", HttpMethodName(route.http_method), " ", route.path,
        " collides with ", routes_[slot].path, " of ", routes_[slot].method->full_name()));
  }
  slot = index;
  return absl::OkStatus();
}

// After `**` there are only literals, so each node is visited at most once for
// each position: no path makes this slow.
bool RouteTable::Visit(Search& search, int index, int position) const {
  const Node& node = nodes_[index];
  if (position == search.path.count) {
    for (const Ending& ending : node.endings) {
      if (ending.verb != search.verb) continue;
      for (int m = 0; m < kHttpMethodCount; ++m) {
        if (ending.routes[m] >= 0) search.allowed |= 1u << m;
      }
      if (search.method >= 0 && ending.routes[search.method] >= 0) {
        search.found = ending.routes[search.method];
        return true;
      }
    }
  } else {
    const absl::string_view segment = search.path.segments[position];
    if (const auto it = node.literals.find(segment); it != node.literals.end()) {
      if (Visit(search, it->second, position + 1)) return true;
    }
    if (node.single >= 0 && !segment.empty() && Visit(search, node.single, position + 1)) {
      return true;
    }
  }
  if (node.multi >= 0) {
    for (int next = position; next <= search.path.count; ++next) {
      if (Visit(search, node.multi, next)) return true;
    }
  }
  return false;
}

absl::StatusOr<RouteMatch> RouteTable::Match(absl::string_view method,
                                             absl::string_view text) const {
  if (text.size() > kMaxPathBytes) {
    return Error(absl::StatusCode::kInvalidArgument, "PATH_TOO_LONG", "the path is too long");
  }
  Path path;
  if (text.empty() || text[0] != '/' || !path.Split(text)) return NoRoute();
  const std::optional<HttpMethod> known = ParseHttpMethod(method);
  Search search{.path = path, .verb = {}, .method = known ? static_cast<int>(*known) : -1};

  const absl::string_view last = path.last();
  const size_t colon = last.rfind(':');
  if (colon != absl::string_view::npos && verbs_.contains(last.substr(colon + 1))) {
    search.verb = last.substr(colon + 1);
    path.last() = last.substr(0, colon);
    if (Visit(search, 0, 0)) return Bind(routes_[search.found], path);
    search.verb = {};
    path.last() = last;
  }
  if (Visit(search, 0, 0)) return Bind(routes_[search.found], path);
  if (search.allowed != 0) {
    return Error(absl::StatusCode::kUnimplemented, "METHOD_NOT_ALLOWED",
                 "the path does not have this method", {{"allow", AllowList(search.allowed)}});
  }
  return NoRoute();
}

absl::StatusOr<RouteMatch> RouteTable::Bind(const Route& route, const Path& path) const {
  RouteMatch match;
  match.route = &route;
  // How many segments more than one `**` took; -1 if it took none.
  const int stretch = path.count - static_cast<int>(route.path_template.segments.size());
  const int multi = route.path_template.MultiIndex();
  const auto place = [&](int i) { return multi < 0 || i <= multi ? i : i + stretch; };
  for (size_t i = 0; i < route.path_template.variables.size(); ++i) {
    const PathVariable& variable = route.path_template.variables[i];
    const int begin = place(variable.begin);
    const int end = place(variable.end);
    absl::string_view raw;
    if (begin < end) {
      const char* first = path.segments[begin].data();
      const absl::string_view last = path.segments[end - 1];
      raw = absl::string_view(first, static_cast<size_t>(last.data() + last.size() - first));
    }
    ASSIGN_OR_RETURN(
        std::string value,
        PercentDecode(raw, variable.multi_segment ? Decoding::kManySegments : Decoding::kSegment));
    match.bindings.push_back({&route.path_fields[i], std::move(value)});
  }
  return match;
}

std::string RouteTable::Dump() const {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const Route& route : routes_) {
    std::string line = absl::StrCat(HttpMethodName(route.http_method), " ", route.path, " ",
                                    route.rpc_path.substr(1));
    if (route.body_is_message) absl::StrAppend(&line, " body=*");
    if (route.body_field != nullptr) absl::StrAppend(&line, " body=", route.body_field->name());
    if (route.raw_body) absl::StrAppend(&line, " raw");
    if (route.response_field != nullptr) {
      absl::StrAppend(&line, " response=", route.response_field->name());
    }
    if (route.server_streaming) absl::StrAppend(&line, " stream");
    if (route.same_for_visitors) absl::StrAppend(&line, " same_for_visitors");
    if (route.max_body_bytes != kDefaultMaxBodyBytes) {
      absl::StrAppend(&line, " max_body=", route.max_body_bytes);
    }
    lines.emplace_back(route.path, std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const auto& [path, line] : lines) absl::StrAppend(&out, line, "\n");
  return out;
}

absl::StatusOr<std::vector<const ServiceDescriptor*>> LinkedServices(
    const std::vector<std::string>& full_names) {
  std::vector<const ServiceDescriptor*> services;
  for (const std::string& name : full_names) {
    const ServiceDescriptor* service = DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) {
      return absl::NotFoundError(absl::StrCat("the service ", name, " is not linked in"));
    }
    services.push_back(service);
  }
  return services;
}

}  // namespace rostrum::gateway
