// What the gateway does for each request of the API.

#include <string>
#include <utility>

#include "benchmark/benchmark.h"
#include "gateway/transcoding/transcoder.h"
#include "rostrum/comment/v1/comment_service.pb.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "tests/load/hot/posts.h"

namespace rostrum::gateway {
namespace {

const Transcoder& TheTranscoder() {
  static const Transcoder* const transcoder =
      Transcoder::Create({PostServiceDescriptor(), CommentServiceDescriptor()}).value().release();
  return *transcoder;
}

void RouteMatch(benchmark::State& state) {
  const RouteTable& routes = TheTranscoder().routes();
  const std::string path = "/v1/posts/0190d0a2-7d4e-7cc1-8000-0242ac120002/comments";
  for (auto _ : state) {
    auto match = routes.Match("POST", path);
    if (!match.ok()) state.SkipWithError("no such route");
    benchmark::DoNotOptimize(match);
  }
}
BENCHMARK(RouteMatch);

// A comment of 200 characters.
void JsonToMessage(benchmark::State& state) {
  const std::string body = R"({"body":")" + std::string(200, 'a') + R"("})";
  const std::string type = "application/json";
  const auto match = TheTranscoder().routes().Match(
      "POST", "/v1/posts/0190d0a2-7d4e-7cc1-8000-0242ac120002/comments");
  const HttpRequestView request{
      .header = [&](absl::string_view name) { return name == "content-type" ? &type : nullptr; },
      .body = body};
  for (auto _ : state) {
    auto call = TheTranscoder().Request(request, *match);
    if (!call.ok()) state.SkipWithError("not understood");
    benchmark::DoNotOptimize(call);
  }
}
BENCHMARK(JsonToMessage);

// A post with a text of 4 KB.
void MessageToJson(benchmark::State& state) {
  const auto match =
      TheTranscoder().routes().Match("GET", "/v1/posts/0190d0a2-7d4e-7cc1-8000-0242ac120002");
  const HttpRequestView request{
      .header = [](absl::string_view) -> const std::string* { return nullptr; }};
  const TranscodedRequest call = TheTranscoder().Request(request, *match).value();
  const std::string message = SamplePost(4'000).SerializeAsString();
  for (auto _ : state) {
    auto answer = TheTranscoder().Response(call, message);
    if (!answer.ok()) state.SkipWithError("no answer");
    benchmark::DoNotOptimize(answer);
  }
}
BENCHMARK(MessageToJson);

}  // namespace
}  // namespace rostrum::gateway
