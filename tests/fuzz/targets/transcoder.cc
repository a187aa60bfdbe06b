#include "gateway/transcoding/transcoder.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gateway/transcoding/json_checker.h"
#include "gateway/transcoding/json_response.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "nlohmann/json.hpp"
#include "rostrum/library/v1/library.pb.h"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

const Transcoder& LibraryTranscoder() {
  static const Transcoder* const transcoder = [] {
    const auto services = LinkedServices({"rostrum.library.v1.LibraryService"});
    // Refers to the generated code, so that it is linked in.
    REQUIRE(services.ok() && !library::v1::Kinds::descriptor()->full_name().empty(), "library");
    auto made = Transcoder::Create(*services);
    REQUIRE(made.ok(), "routes");
    return made->release();
  }();
  return *transcoder;
}

struct Request {
  std::string method;
  std::string path;
  std::string query;
  std::map<std::string, std::string> headers;
  absl::string_view body;
};

// "METHOD /path?query", header lines, an empty line, a body.
Request Read(absl::string_view input) {
  Request request;
  absl::string_view line = fuzz::TakeLine(input);
  const size_t space = std::min(line.find(' '), line.size());
  request.method = std::string(line.substr(0, space));
  line.remove_prefix(std::min(space + 1, line.size()));
  const size_t question = std::min(line.find('?'), line.size());
  request.path = std::string(line.substr(0, question));
  request.query = std::string(line.substr(std::min(question + 1, line.size())));
  request.headers["content-type"] = "application/json";
  while (!(line = fuzz::TakeLine(input)).empty()) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) continue;
    request.headers[absl::AsciiStrToLower(line.substr(0, colon))] =
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
  request.body = input;
  return request;
}

std::unique_ptr<Message> New(const google::protobuf::Descriptor& type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

// Messages as JSON are strict JSON of clean text, which says the same message.
void CheckJsonOf(const Message& message) {
  const auto json = ToJson(message);
  // What has no JSON (an Any of an unknown type) says so.
  if (!json.ok()) return;
  REQUIRE(CountCodePoints(*json).has_value(), *json);
  REQUIRE(nlohmann::json::accept(*json), *json);
  std::unique_ptr<Message> again = New(*message.GetDescriptor());
  const auto status = google::protobuf::util::JsonStringToMessage(*json, again.get());
  REQUIRE(status.ok(), *json);
  MessageDifferencer differencer;
  differencer.set_message_field_comparison(MessageDifferencer::EQUIVALENT);
  google::protobuf::util::DefaultFieldComparator comparator;
  comparator.set_treat_nan_as_equal(true);
  differencer.set_field_comparator(&comparator);
  std::string difference;
  differencer.ReportDifferencesToString(&difference);
  REQUIRE(differencer.Compare(message, *again), absl::StrCat(*json, "\n", difference));
}

void CheckRefused(const absl::Status& status) {
  REQUIRE(status.code() == absl::StatusCode::kInvalidArgument ||
              status.code() == absl::StatusCode::kNotFound ||
              status.code() == absl::StatusCode::kUnimplemented,
          status.ToString());
  const ErrorDetails details = DetailsOf(status);
  REQUIRE(!details.reason.empty() || !details.violations.empty(), status.ToString());
  REQUIRE(CountCodePoints(std::string(status.message())).has_value(), status.ToString());
  for (const FieldViolation& violation : details.violations) {
    REQUIRE(CountCodePoints(violation.field).has_value(), violation.field);
    REQUIRE(CountCodePoints(violation.description).has_value(), violation.description);
  }
}

}  // namespace

// Whatever comes in becomes a message of the RPC that can go out as JSON again,
// in which the path wins, or an error that is the client's.
FUZZ_TARGET(transcoder) {
  const Transcoder& transcoder = LibraryTranscoder();
  const Request request = Read(input);
  const HeaderLookup lookup = [&](absl::string_view name) -> const std::string* {
    const auto it = request.headers.find(absl::AsciiStrToLower(name));
    return it == request.headers.end() ? nullptr : &it->second;
  };
  const auto match = transcoder.routes().Match(request.method, request.path);
  if (!match.ok()) return CheckRefused(match.status());
  const auto made =
      transcoder.Request({.query = request.query, .header = lookup, .body = request.body}, *match);
  if (!made.ok()) return CheckRefused(made.status());
  REQUIRE(static_cast<int64_t>(request.body.size()) <= made->route->max_body_bytes, request.path);

  std::unique_ptr<Message> message = New(*made->route->method->input_type());
  REQUIRE(message->ParseFromString(made->message), made->message);
  CheckJsonOf(*message);

  for (const PathBinding& binding : match->bindings) {
    std::unique_ptr<Message> alone = New(*message->GetDescriptor());
    REQUIRE(SetFromText(*alone, *binding.field, binding.value).ok(), binding.value);
    const Message* is = message.get();
    const Message* wanted = alone.get();
    for (size_t i = 0; i + 1 < binding.field->size(); ++i) {
      is = &is->GetReflection()->GetMessage(*is, (*binding.field)[i]);
      wanted = &wanted->GetReflection()->GetMessage(*wanted, (*binding.field)[i]);
    }
    MessageDifferencer differencer;
    REQUIRE(differencer.CompareWithFields(*is, *wanted, {binding.field->back()},
                                          {binding.field->back()}),
            binding.value);
  }
}

}  // namespace rostrum::gateway
