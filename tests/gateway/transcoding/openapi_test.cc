#include "gateway/transcoding/openapi.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/gateway/transcoding/golden.h"
#include "tests/support/status_matchers.h"

namespace rostrum::gateway {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

json Document(const char* descriptors, const OpenApiOptions& options = {}) {
  const auto text = OpenApiDocument(ReadFile(descriptors), options);
  EXPECT_TRUE(text.ok()) << text.status();
  return json::parse(text.ok() ? *text : "{}");
}

const json& Library() {
  static const json* document = new json(Document(LIBRARY_DESCRIPTORS));
  return *document;
}

// Every "$ref" in a document.
void CollectRefs(const json& node, std::set<std::string>& refs) {
  if (node.is_object() && node.contains("$ref")) refs.insert(node["$ref"]);
  for (const auto& child : node) {
    if (child.is_structured()) CollectRefs(child, refs);
  }
}

std::set<std::string> NamesIn(const std::string& path) {
  std::set<std::string> names;
  for (size_t open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1)) {
    names.insert(path.substr(open + 1, path.find('}', open) - open - 1));
  }
  return names;
}

class OpenApiStructureTest : public ::testing::TestWithParam<const char*> {
 protected:
  const json document_ = Document(GetParam());
};

TEST_P(OpenApiStructureTest, EveryReferenceResolvesAndNothingIsUnused) {
  std::set<std::string> refs;
  CollectRefs(document_, refs);
  for (const std::string& ref : refs) {
    ASSERT_TRUE(absl::StartsWith(ref, "#/")) << ref;
    EXPECT_TRUE(document_.contains(json::json_pointer(ref.substr(1)))) << ref;
  }
  for (const auto& [name, schema] : document_["components"]["schemas"].items()) {
    EXPECT_TRUE(refs.contains("#/components/schemas/" + name)) << name << " is not reachable";
  }
}

TEST_P(OpenApiStructureTest, PathsDeclareTheirParameters) {
  std::set<std::string> shapes;
  for (const auto& [path, methods] : document_["paths"].items()) {
    std::string shape = path;
    for (const std::string& name : NamesIn(path)) {
      shape = absl::StrReplaceAll(shape, {{"{" + name + "}", "{}"}});
    }
    EXPECT_TRUE(shapes.insert(shape).second) << path << " is there under another name";
    for (const auto& [method, operation] : methods.items()) {
      std::set<std::string> declared;
      std::set<std::pair<std::string, std::string>> all;
      for (const json& parameter : operation.value("parameters", json::array())) {
        EXPECT_TRUE(all.emplace(parameter["in"], parameter["name"]).second)
            << path << " declares " << parameter["name"] << " twice";
        if (parameter["in"] != "path") continue;
        EXPECT_EQ(parameter["required"], true);
        declared.insert(parameter["name"]);
      }
      EXPECT_EQ(declared, NamesIn(path)) << method << " " << path;
    }
  }
}

TEST_P(OpenApiStructureTest, OperationsAreWhole) {
  std::set<std::string> ids;
  std::set<std::string> tags;
  for (const json& tag : document_["tags"]) tags.insert(tag["name"]);
  int operations = 0;
  for (const auto& [path, methods] : document_["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      ++operations;
      EXPECT_TRUE(ids.insert(operation["operationId"]).second) << operation["operationId"];
      EXPECT_TRUE(tags.contains(operation["tags"][0])) << path;
      EXPECT_TRUE(operation["responses"].contains("200")) << path;
      EXPECT_TRUE(operation["responses"].contains("default")) << path;
      EXPECT_FALSE(operation["summary"].get<std::string>().empty()) << path;
      EXPECT_FALSE(operation["x-rostrum-callers"].empty()) << path;
      if (method == "get" || method == "delete") {
        EXPECT_FALSE(operation.contains("requestBody")) << path;
      }
    }
  }
  EXPECT_GT(operations, 10);
  EXPECT_EQ(document_["openapi"], "3.1.0");
}

TEST_P(OpenApiStructureTest, TheSameInputGivesTheSameBytes) {
  const std::string files = ReadFile(GetParam());
  EXPECT_EQ(*OpenApiDocument(files), *OpenApiDocument(files));
}

INSTANTIATE_TEST_SUITE_P(All, OpenApiStructureTest,
                         ::testing::Values(LIBRARY_DESCRIPTORS, ROSTRUM_DESCRIPTORS),
                         [](const auto& info) { return info.index == 0 ? "Library" : "Rostrum"; });

TEST(OpenApiTest, GoldenDocumentOfTheLibrary) {
  ExpectGolden("library.openapi.json", *OpenApiDocument(ReadFile(LIBRARY_DESCRIPTORS)));
}

TEST(OpenApiTest, GoldenDocumentOfRostrum) {
  ExpectGolden("rostrum.openapi.json", *OpenApiDocument(ReadFile(ROSTRUM_DESCRIPTORS)));
}

TEST(OpenApiTest, TextsAreTheComments) {
  const json& get = Library()["paths"]["/v1/books/{bookId}"]["get"];
  EXPECT_EQ(get["summary"], "Returns a book");
  EXPECT_EQ(get["description"],
            "Returns a book. It may be found by shelf as well.\n\nErrors: NOT_FOUND.");
  const json& schemas = Library()["components"]["schemas"];
  EXPECT_EQ(schemas["rostrum.library.v1.Book"]["description"], "A book.");
  EXPECT_EQ(schemas["rostrum.library.v1.Book"]["properties"]["bookId"]["description"], "A UUID.");
  EXPECT_THAT(schemas["rostrum.library.v1.Binding"]["description"].get<std::string>(),
              HasSubstr("- `BINDING_CLOTH`: In cloth."));
}

TEST(OpenApiTest, VariablesAreWrittenOut) {
  const json& paths = Library()["paths"];
  ASSERT_TRUE(paths.contains("/v1/shelves/{shelf}/books/{bookId}"));
  EXPECT_EQ(paths["/v1/shelves/{shelf}/books/{bookId}"]["get"]["operationId"],
            "LibraryService_GetBook_2");
  EXPECT_TRUE(paths.contains("/v1/books/{bookId}:lend"));
  EXPECT_TRUE(paths["/v1/books/{bookId}"].contains("patch")) << "book.book_id is the same path";
  EXPECT_EQ(paths["/v1/scans/{bookId}"]["get"]["parameters"][0]["description"],
            "May hold slashes.");
}

TEST(OpenApiTest, FieldsHaveTheirJsonTypes) {
  const json& properties =
      Library()["components"]["schemas"]["rostrum.library.v1.Kinds"]["properties"];
  EXPECT_EQ(properties["int64Value"]["format"], "int64");
  EXPECT_EQ(properties["int64Value"]["type"], "string");
  EXPECT_EQ(properties["uint32Value"]["minimum"], 0);
  EXPECT_EQ(properties["bytesValue"]["contentEncoding"], "base64");
  EXPECT_EQ(properties["time"]["format"], "date-time");
  EXPECT_EQ(properties["mask"]["type"], "string");
  EXPECT_EQ(properties["int64Wrapper"]["type"], "string");
  EXPECT_EQ(properties["publishers"]["items"]["$ref"],
            "#/components/schemas/rostrum.library.v1.Publisher");
  EXPECT_EQ(properties["byName"]["additionalProperties"]["$ref"],
            "#/components/schemas/rostrum.library.v1.Publisher");
}

TEST(OpenApiTest, SecurityFollowsTheAccessRule) {
  const json& paths = Library()["paths"];
  EXPECT_EQ(paths["/v1/books"]["get"]["security"],
            json::parse(R"([{}, {"session": []}, {"bearer": []}])"));
  EXPECT_EQ(paths["/v1/books"]["post"]["security"],
            json::parse(R"([{"session": []}, {"bearer": []}])"));
  EXPECT_EQ(paths["/v1/books/{bookId}"]["patch"]["security"], json::parse(R"([{"session": []}])"));
  EXPECT_THAT(paths["/v1/books"]["post"]["x-rostrum-callers"], ElementsAre("account", "service"));
}

TEST(OpenApiTest, RequestsSayWhereEachFieldGoes) {
  const auto parameters = [](const char* path, const char* method) {
    std::vector<std::string> names;
    for (const json& p : Library()["paths"][path][method].value("parameters", json::array())) {
      names.push_back(p["in"].get<std::string>() + " " + p["name"].get<std::string>());
    }
    return names;
  };
  EXPECT_THAT(parameters("/v1/books", "post"), ElementsAre("header Idempotency-Key"));
  EXPECT_THAT(parameters("/v1/books/{bookId}", "patch"),
              ElementsAre("path bookId", "query updateMask", "header If-Match"));
  EXPECT_THAT(parameters("/v1/books/{bookId}", "delete"),
              ElementsAre("path bookId", "header If-Match"));
  EXPECT_THAT(parameters("/v1/loans:watch", "get"),
              ElementsAre("query resumeToken", "header Last-Event-ID"));
  const std::vector<std::string> list = parameters("/v1/books", "get");
  EXPECT_THAT(list, ::testing::IsSupersetOf(
                        {"query pageSize", "query publisher.town", "query publisher.parent.town"}));
  const json& lend = Library()["paths"]["/v1/books/{bookId}:lend"]["post"]["requestBody"];
  EXPECT_FALSE(lend["content"]["application/json"]["schema"]["properties"].contains("bookId"));
  EXPECT_TRUE(lend["content"]["application/json"]["schema"]["properties"].contains("reader"));
}

TEST(OpenApiTest, BytesAndStreamsHaveTheirMediaTypes) {
  const json& paths = Library()["paths"];
  EXPECT_EQ(
      paths["/v1/scans/{bookId}"]["get"]["responses"]["200"]["content"]["*/*"]["schema"]["format"],
      "binary");
  EXPECT_TRUE(paths["/v1/notes/{sender}"]["post"]["requestBody"]["content"].contains("*/*"));
  std::vector<std::string> types;
  for (const auto& [type, content] :
       paths["/v1/loans:watch"]["get"]["responses"]["200"]["content"].items()) {
    types.push_back(type);
  }
  EXPECT_THAT(types, UnorderedElementsAre("application/x-ndjson", "text/event-stream"));
}

TEST(OpenApiTest, WhatHasNoRuleIsNotThere) {
  EXPECT_EQ(Library().dump().find("CountBooks"), std::string::npos);
}

TEST(OpenApiTest, DescribesTheServicesThatAreAskedFor) {
  EXPECT_TRUE(Document(ROSTRUM_DESCRIPTORS, {.services = {"rostrum.feed.v1.FeedService"}})["paths"]
                  .contains("/v1/feed"));
  EXPECT_THAT(OpenApiDocument(ReadFile(ROSTRUM_DESCRIPTORS), {.services = {"no.Such"}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(OpenApiDocument("\xff"), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace rostrum::gateway
