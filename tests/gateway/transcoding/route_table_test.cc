#include "gateway/transcoding/route_table.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/status.h"
#include "tests/gateway/transcoding/golden.h"
#include "tests/gateway/transcoding/rules.h"
#include "tests/support/status_matchers.h"

namespace rostrum::gateway {
namespace {

using ::testing::HasSubstr;

// "2 x=1" for the second template with a variable; "404" and so on for none.
std::string Outcome(const RouteTable& table, const std::string& method, const std::string& path) {
  const auto match = table.Match(method, path);
  if (!match.ok()) return ReasonOf(match.status());
  std::string out = match->route->method->name().substr(3);
  for (const PathBinding& binding : match->bindings) {
    absl::StrAppend(&out, " ", ProtoPath(*binding.field), "=", binding.value);
  }
  return out;
}

struct Conformance {
  std::vector<std::string> templates;
  std::string path;
  std::string expected;
};

constexpr char kNone[] = "ROUTE_NOT_FOUND";

// google.api.http as its comments and the tests of Envoy's transcoder have it,
// with our choices where they leave one.
const Conformance kConformance[] = {
    {{"/a/{left}/c"}, "/a/p%20q%2Fr+/c", "1 left=p q/r+"},
    {{"/a/{left=p/*/q/*}/c"}, "/a/p/foo%20foo/q/bar%2Fbar/c", "1 left=p/foo foo/q/bar%2Fbar"},
    {{"/a/{left=**}/c"}, "/a/p/foo%20foo/q/bar%2Fbar+/c", "1 left=p/foo foo/q/bar%2Fbar+"},
    {{"/{left=**}"}, "/%21%23%2C%2F%3A", "1 left=!#,%2F:"},
    {{"/{left=**}"},
     "/%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D",
     "1 left=!#$&'()*+,%2F:;=?@[]"},
    {{"/{left=**}"}, "/%2f", "1 left=%2f"},
    {{"/{left}"}, "/%2f", "1 left=/"},
    {{"/{left=**}"}, "/%2523", "1 left=%23"},
    {{"/person", "/person/{left=*}", "/{left=**}:verb"}, "/person:verb", "3 left=person"},
    {{"/person", "/person/{left=*}", "/{left=**}:verb"},
     "/person/jason:verb",
     "3 left=person/jason"},
    {{"/person", "/person/{left=*}", "/{left=**}:verb"},
     "/person/jason:other",
     "2 left=jason:other"},
    {{"/person", "/person/{left=*}", "/{left=**}:verb"}, "/animal:other", kNone},
    {{"/person", "/person/{left=*}", "/{left=**}:verb"}, "/person/", kNone},
    {{"/some/const:verb", "/some/*:verb"}, "/some/const:verb", "1"},
    {{"/some/const:verb", "/some/*:verb"}, "/some/other:verb", "2"},
    {{"/some/const:verb", "/some/*:verb"}, "/some/other:verb/", kNone},
    {{"/some/const:verb", "/some/*:verb"}, "/some/other:verb%20", kNone},
    {{"/some/const:verb", "/some/*:verb"}, "/some/const", kNone},
    {{"/{left=*}/{string_value=*}:verb"},
     "/some:verb/const:verb",
     "1 left=some:verb string_value=const"},
    {{"/foo/*/hello"}, "/foo/other:verb/hello", "1"},
    {{"/a/b/c"}, "/a/b", kNone},
    {{"/a/b/c"}, "/a/b/c/d", kNone},
    {{"/a/b/c"}, "/a/b/c/", kNone},
    {{"/a/b/c"}, "/a//b/c", kNone},
    {{"/a/b/c"}, "/A/b/c", kNone},
    {{"/a/b/c"}, "/%61/b/c", kNone},
    {{"/a/b/c"}, "a/b/c", kNone},
    {{"/a"}, "", kNone},
    {{"/a"}, "/", kNone},
    // Literal beats `*` beats `**`, with going back where the better one ends.
    {{"/a/b", "/a/*", "/a/**"}, "/a/b", "1"},
    {{"/a/b", "/a/*", "/a/**"}, "/a/c", "2"},
    {{"/a/b", "/a/*", "/a/**"}, "/a/c/d", "3"},
    {{"/a/b", "/a/*", "/a/**"}, "/a", "3"},
    {{"/a/b/c", "/a/*/d", "/**"}, "/a/b/d", "2"},
    {{"/a/b/c", "/a/*/d", "/**"}, "/a/b/e", "3"},
    {{"/a/**", "/a/**/c"}, "/a/c/x/c", "2"},
    {{"/a/**", "/a/**/c"}, "/a/c/x", "1"},
    // `**` may be nothing, `*` may not.
    {{"/a/{left=**}"}, "/a", "1 left="},
    {{"/a/{left=**}"}, "/a/", "1 left="},
    {{"/a/{left=**}/c"}, "/a/c", "1 left="},
    {{"/a/{left}/c"}, "/a//c", kNone},
    {{"/a/{left=**}:verb"}, "/a/x:verb", "1 left=x"},
    {{"/a/{left}", "/a/{left}:publish"}, "/a/x:publish", "2 left=x"},
    {{"/a/{left}", "/a/{left}:publish"}, "/a/x%3Apublish", "1 left=x:publish"},
    {{"/a/{left}", "/a/{left}:publish"}, "/a/:publish", "1 left=:publish"},
    {{"/{publisher.parent.town}/x"}, "/Rome/x", "1 publisher.parent.town=Rome"},
    // What no text may hold.
    {{"/{left}"}, "/%00../", kNone},
    {{"/{left}"}, "/a%00", "INVALID_ENCODING"},
    {{"/{left}"}, "/%ff", "INVALID_ENCODING"},
    {{"/{left}"}, "/%c0%af", "INVALID_ENCODING"},
    {{"/{left}"}, "/%ed%a0%80", "INVALID_ENCODING"},
    {{"/{left}"}, "/\xff", "INVALID_ENCODING"},
    {{"/{left}"}, "/%", "INVALID_ENCODING"},
    {{"/{left}"}, "/%4", "INVALID_ENCODING"},
    {{"/{left}"}, "/%zz", "INVALID_ENCODING"},
    {{"/{left=**}"}, "/a/%fe", "INVALID_ENCODING"},
};

TEST(RouteTableTest, FollowsTheConformanceTable) {
  for (const Conformance& row : kConformance) {
    const RuleService service = GetService(row.templates);
    const auto table = service.Table();
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(Outcome(*table, "GET", row.path), row.expected)
        << absl::StrJoin(row.templates, ", ") << " with " << row.path;
  }
}

TEST(RouteTableTest, ASegmentDecodesEveryByteInBothCases) {
  const RuleService service = GetService({"/{left}"});
  const RouteTable table = *service.Table();
  for (int byte = 1; byte < 0x80; ++byte) {
    const std::string expected = absl::StrCat("1 left=", std::string(1, static_cast<char>(byte)));
    EXPECT_EQ(Outcome(table, "GET", absl::StrFormat("/%%%02x", byte)), expected);
    EXPECT_EQ(Outcome(table, "GET", absl::StrFormat("/%%%02X", byte)), expected);
  }
}

TEST(RouteTableTest, TheMethodIsPartOfTheRoute) {
  const RuleService service({{"get: '/a/{left}'"},
                             {"delete: '/a/{left}'"},
                             {"post: '/a/b' body: '*'"},
                             {"put: '/p'"},
                             {"patch: '/p' body: '*'"}});
  const RouteTable table = *service.Table();
  EXPECT_EQ(Outcome(table, "GET", "/a/x"), "1 left=x");
  EXPECT_EQ(Outcome(table, "HEAD", "/a/x"), "1 left=x");
  EXPECT_EQ(Outcome(table, "DELETE", "/a/x"), "2 left=x");
  EXPECT_EQ(Outcome(table, "POST", "/a/b"), "3");
  EXPECT_EQ(Outcome(table, "GET", "/a/b"), "1 left=b") << "goes back from the literal";
  EXPECT_EQ(Outcome(table, "PUT", "/p"), "4");
  EXPECT_EQ(Outcome(table, "PATCH", "/p"), "5");
}

TEST(RouteTableTest, AnotherMethodIsToldWhichThereAre) {
  const RuleService service({{"get: '/a/{left}'"},
                             {"delete: '/a/{left}'"},
                             {"post: '/a/b' body: '*'"},
                             {"post: '/a/{left}:go' body: '*'"}});
  const RouteTable table = *service.Table();
  const auto allow = [&](const std::string& method, const std::string& path) {
    const auto match = table.Match(method, path);
    EXPECT_THAT(match, StatusIs(absl::StatusCode::kUnimplemented));
    EXPECT_THAT(match, HasReason("METHOD_NOT_ALLOWED"));
    return DetailsOf(match.status()).metadata["allow"];
  };
  EXPECT_EQ(allow("PUT", "/a/x"), "GET, HEAD, DELETE");
  EXPECT_EQ(allow("PATCH", "/a/b"), "GET, HEAD, POST, DELETE");
  EXPECT_EQ(allow("BREW", "/a/x"), "GET, HEAD, DELETE");
  EXPECT_EQ(allow("get", "/a/x"), "GET, HEAD, DELETE") << "methods are case-sensitive";
  EXPECT_EQ(allow("PUT", "/a/x:go"), "GET, HEAD, POST, DELETE");
  EXPECT_THAT(table.Match("PUT", "/b"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(RouteTableTest, AdditionalBindingsAreRoutes) {
  const RouteTable table = LibraryTable();
  const auto match = table.Match("GET", "/v1/shelves/s%201/books/b1");
  ASSERT_THAT(match, IsOk());
  EXPECT_EQ(match->route->rpc_path, "/rostrum.library.v1.LibraryService/GetBook");
  EXPECT_EQ(match->route->service, "library");
  EXPECT_EQ(match->route->path, "/v1/{shelf=shelves/*}/books/{book_id}");
  EXPECT_TRUE(match->route->is_read);
  ASSERT_EQ(match->bindings.size(), 2u);
  EXPECT_EQ(match->bindings[0].value, "shelves/s 1");
}

TEST(RouteTableTest, WhatHasNoRuleIsNotReached) {
  const RouteTable table = LibraryTable();
  for (const Route& route : table.routes()) {
    EXPECT_NE(route.method->name(), "CountBooks");
  }
}

TEST(RouteTableTest, HostilePathsEndAtOnce) {
  const RuleService service = GetService({"/a/**/b", "/{left=**}:verb", "/a/*/*/*/*/*/*/c"});
  const RouteTable table = *service.Table();
  std::string slashes(4096, '/');
  EXPECT_EQ(Outcome(table, "GET", slashes), kNone);
  EXPECT_EQ(Outcome(table, "GET", slashes + "/"), "PATH_TOO_LONG");
  std::string many;
  for (int i = 0; i < 63; ++i) many += "/a";
  EXPECT_EQ(Outcome(table, "GET", many), kNone);
  EXPECT_EQ(Outcome(table, "GET", many + "/b"), "1");
  EXPECT_EQ(Outcome(table, "GET", many + "/a/b"), kNone) << "more segments than any path has";
  EXPECT_EQ(Outcome(table, "GET", "/" + std::string(4000, ':')), kNone);
}

struct BadRule {
  RuleService::Rpc rpc;
  const char* complaint;
};

TEST(RouteTableTest, BadRulesAreStartUpErrorsThatNameTheRpc) {
  const BadRule rows[] = {
      {{"get: '/a/{nope}'"}, "nope"},
      {{"get: '/a/{publisher.nope}'"}, "nope"},
      {{"get: '/a/{numbers}'"}, "repeated"},
      {{"get: '/a/{publisher}'"}, "message"},
      {{"get: '/a/{time}'"}, "message"},
      {{"get: '/a/{by_name}'"}, "repeated"},
      {{"get: '/a/{publishers.town}'"}, "repeated"},
      {{"get: '/a/{left.x}'"}, "no message"},
      {{"get: '/a/{'"}, "path template"},
      {{"post: '/a' body: 'nope'"}, "body"},
      {{"post: '/a' body: 'publisher.town'"}, "body"},
      {{"post: '/a/{left}' body: 'left'"}, "both"},
      {{"get: '/a' body: '*'"}, "no body"},
      {{"delete: '/a' body: '*'"}, "no body"},
      {{"get: '/a' response_body: 'nope'"}, "response_body"},
      {{"custom { kind: 'HEAD' path: '/a' }"}, "none of"},
      {{"body: '*'"}, "none of"},
      {{.rule = "get: '/a'", .client_streaming = true}, "client streams"},
      {{.rule = "post: '/a'", .same_for_visitors = true}, "unary reads"},
      {{.rule = "get: '/a'", .server_streaming = true, .same_for_visitors = true}, "unary reads"},
      {{.rule = "get: '/a' response_body: 'publisher'", .same_for_visitors = true},
       "whole message"},
      {{.rule = "get: '/a'", .response = "rostrum.http.v1.HttpBody", .same_for_visitors = true},
       "whole message"},
      {{"get: '/a' additional_bindings { get: '/b' additional_bindings { get: '/c' } }"}, "nested"},
      {{"get: '/a' additional_bindings { get: '/b/{nope}' }"}, "nope"},
      {{"get: '/a' additional_bindings { get: '/a' }"}, "collides"},
  };
  for (const BadRule& row : rows) {
    const RuleService service({row.rpc});
    const auto table = service.Table();
    ASSERT_FALSE(table.ok()) << row.rpc.rule;
    const std::string message(table.status().message());
    EXPECT_THAT(message, HasSubstr("rostrum.rules.v1.RuleService.Rpc1")) << row.rpc.rule;
    EXPECT_THAT(message, HasSubstr(row.complaint)) << row.rpc.rule;
  }
}

TEST(RouteTableTest, RoutesThatTakeTheSamePathCollide) {
  const auto error = [](const std::vector<std::string>& templates) {
    return std::string(GetService(templates).Table().status().message());
  };
  EXPECT_THAT(error({"/a/{left}", "/a/{string_value}"}), HasSubstr("RuleService.Rpc1"));
  EXPECT_THAT(error({"/a/{left}", "/a/*"}), HasSubstr("RuleService.Rpc2"));
  EXPECT_THAT(error({"/{left=a/*}", "/a/{left}"}), HasSubstr("collides"));
  EXPECT_EQ(error({"/a/{left}", "/a/{left}:go", "/a/**", "/a/b"}), "");
}

TEST(RouteTableTest, GoldenTableOfTheLibrary) {
  ExpectGolden("library.routes.txt", LibraryTable().Dump());
}

TEST(RouteTableTest, GoldenTableOfRostrum) {
  google::protobuf::FileDescriptorSet files;
  ASSERT_TRUE(files.ParseFromString(ReadFile(ROSTRUM_DESCRIPTORS)));
  google::protobuf::DescriptorPool pool;
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  for (const auto& proto : files.file()) {
    const google::protobuf::FileDescriptor* file = pool.BuildFile(proto);
    ASSERT_NE(file, nullptr) << proto.name();
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  const auto table = RouteTable::Create(services);
  ASSERT_TRUE(table.ok()) << table.status();
  ExpectGolden("rostrum.routes.txt", table->Dump());
}

TEST(RouteTableTest, NamesTheServiceThatIsNotLinkedIn) {
  EXPECT_THAT(LinkedServices({"rostrum.library.v1.NoService"}),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace rostrum::gateway
