#include "gateway/transcoding/transcoder.h"

#include <map>

#include "absl/strings/ascii.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rostrum/http/v1/http.pb.h"
#include "services/common/rpc/grpc_status.h"
#include "tests/gateway/transcoding/rules.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace rostrum::gateway {
namespace {

using ::testing::ElementsAre;

class TranscoderTest : public ::testing::Test {
 protected:
  absl::StatusOr<TranscodedRequest> Request(const std::string& method, const std::string& target,
                                            const std::string& body = "",
                                            std::map<std::string, std::string> headers = {}) {
    headers.try_emplace("content-type", "application/json");
    const size_t question = target.find('?');
    const std::string path = target.substr(0, question);
    const std::string query = question == std::string::npos ? "" : target.substr(question + 1);
    ASSIGN_OR_RETURN(const RouteMatch match, transcoder_->routes().Match(method, path));
    return transcoder_->Request({.query = query,
                                 .header = [&](absl::string_view name) -> const std::string* {
                                   const auto it = headers.find(absl::AsciiStrToLower(name));
                                   return it == headers.end() ? nullptr : &it->second;
                                 },
                                 .body = body},
                                match);
  }

  // The request message.
  template <class Message>
  Message Sent(const std::string& method, const std::string& target, const std::string& body = "",
               const std::map<std::string, std::string>& headers = {}) {
    Message message;
    const auto request = Request(method, target, body, headers);
    EXPECT_THAT(request, IsOk());
    EXPECT_TRUE(request.ok() && message.ParseFromString(request->message));
    return message;
  }

  int Status(const std::string& method, const std::string& target, const std::string& body = "",
             const std::map<std::string, std::string>& headers = {}) {
    const auto request = Request(method, target, body, headers);
    if (request.ok()) return 200;
    return ErrorAnswer(ToRpcStatus(request.status(), kGatewayDomain)).status;
  }

  std::unique_ptr<Transcoder> transcoder_ =
      *Transcoder::Create(*LinkedServices({"rostrum.library.v1.LibraryService"}));
};

TEST_F(TranscoderTest, SaysWhatToCall) {
  const auto read = Request("GET", "/v1/books/b1");
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->method, "/rostrum.library.v1.LibraryService/GetBook");
  EXPECT_EQ(read->service, "library");
  EXPECT_EQ(read->route->path, "/v1/books/{book_id}");
  EXPECT_TRUE(read->route->is_read);
  EXPECT_FALSE(read->route->server_streaming);
  EXPECT_FALSE(Request("DELETE", "/v1/books/b1")->route->is_read);
  EXPECT_TRUE(Request("GET", "/v1/loans:watch")->route->server_streaming);
  EXPECT_EQ(Request("HEAD", "/v1/books/b1")->method, read->method);
}

TEST_F(TranscoderTest, PutsPathQueryBodyAndHeadersTogether) {
  EXPECT_EQ(Sent<library::GetBookRequest>("GET", "/v1/shelves/a/books/b%201").book_id(), "b 1");
  const auto list =
      Sent<library::ListBooksRequest>("GET", "/v1/books?pageSize=5&publisher.parent.town=New+York");
  EXPECT_EQ(list.page_size(), 5);
  EXPECT_EQ(list.publisher().parent().town(), "New York");
  const auto create = Sent<library::CreateBookRequest>("POST", "/v1/books", R"({"title": "x"})",
                                                       {{"idempotency-key", "k"}});
  EXPECT_EQ(create.book().title(), "x");
  EXPECT_EQ(create.request_id(), "k");
  const auto kinds = Sent<library::Kinds>("PUT", "/v1/kinds/7?left=a", R"(["s"])");
  EXPECT_EQ(kinds.int32_value(), 7);
  EXPECT_EQ(kinds.left(), "a");
  EXPECT_THAT(kinds.strings(), ElementsAre("s"));
}

TEST_F(TranscoderTest, ThePathWinsOverTheBody) {
  EXPECT_EQ(Sent<library::UpdateBookRequest>("PATCH", "/v1/books/b1", R"({"bookId": "other"})")
                .book()
                .book_id(),
            "b1");
  EXPECT_EQ(Sent<library::LendBookRequest>("POST", "/v1/books/b1:lend", R"({"bookId": "other"})")
                .book_id(),
            "b1");
}

TEST_F(TranscoderTest, APatchChangesWhatItHolds) {
  const std::string body = R"({"bookId": "b1", "title": "", "publisher": {"town": "x"},
                               "etag": "\"1\""})";
  const auto update = Sent<library::UpdateBookRequest>("PATCH", "/v1/books/b1", body);
  EXPECT_THAT(update.update_mask().paths(), ElementsAre("title", "publisher.town"));
  EXPECT_EQ(update.book().etag(), "\"1\"");
  const auto given =
      Sent<library::UpdateBookRequest>("PATCH", "/v1/books/b1?updateMask=loanCount", body);
  EXPECT_THAT(given.update_mask().paths(), ElementsAre("loan_count"));
}

TEST_F(TranscoderTest, EmptyBodiesNeedNoContentType) {
  EXPECT_EQ(Sent<library::LendBookRequest>("POST", "/v1/books/b1:lend", "",
                                           {{"content-type", "text/plain"}})
                .book_id(),
            "b1");
}

TEST_F(TranscoderTest, EveryRefusalHasItsStatus) {
  EXPECT_EQ(Status("GET", "/v1/nothing"), 404);
  EXPECT_EQ(Status("PUT", "/v1/books"), 405);
  EXPECT_EQ(Status("POST", "/v1/books", "{}", {{"content-type", "text/plain"}}), 415);
  EXPECT_EQ(Status("POST", "/v1/notes/s", std::string(65, 'x')), 413);
  EXPECT_EQ(Status("POST", "/v1/books", "{"), 400);
  EXPECT_EQ(Status("GET", "/v1/books/%ff"), 400);
  EXPECT_EQ(Status("GET", "/v1/books?nope=1"), 400);
  EXPECT_EQ(Status("PUT", "/v1/kinds/x"), 400);
  EXPECT_EQ(Status("GET", "/v1/books/a", "{}"), 400);
  EXPECT_EQ(Status("GET", "/v1/" + std::string(1 << 16, 'a')), 400);
}

TEST_F(TranscoderTest, NoHeaderChangesTheMethod) {
  EXPECT_EQ(Status("POST", "/v1/books/b1", "{}", {{"x-http-method-override", "DELETE"}}), 405);
}

TEST_F(TranscoderTest, APathVariableIsCheckedForItsType) {
  EXPECT_THAT(Request("PUT", "/v1/kinds/99999999999"), HasViolation("int32_value"));
}

TEST_F(TranscoderTest, KnowsHowMuchBodyToRead) {
  EXPECT_EQ(transcoder_->MaxBodyBytes("POST", "/v1/notes/s"), 64);
  EXPECT_EQ(transcoder_->MaxBodyBytes("POST", "/v1/books"), kDefaultMaxBodyBytes);
  EXPECT_EQ(transcoder_->MaxBodyBytes("POST", "/nowhere"), kDefaultMaxBodyBytes);
}

TEST_F(TranscoderTest, AnswersWithJsonAndEtag) {
  library::Book book;
  book.set_title("x");
  book.set_etag("\"4\"");
  const auto answer =
      transcoder_->Response(*Request("GET", "/v1/books/b"), book.SerializeAsString());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_EQ(answer->etag, EntityTag("\"4\"", answer->body));
  EXPECT_THAT(answer->body, ::testing::HasSubstr("\"title\":\"x\""));
}

TEST_F(TranscoderTest, AnswersWithTheFieldThatTheRuleNames) {
  library::ListTitlesResponse titles;
  titles.add_titles("a");
  EXPECT_EQ(transcoder_->Response(*Request("GET", "/v1/titles"), titles.SerializeAsString())->body,
            R"(["a"])");
}

TEST_F(TranscoderTest, AnswersWithRawBytes) {
  http::v1::HttpBody body;
  body.set_content_type("image/png");
  body.set_data("\x89PNG");
  const auto answer =
      transcoder_->Response(*Request("GET", "/v1/scans/a/b"), body.SerializeAsString());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->content_type, "image/png");
  EXPECT_EQ(answer->body, "\x89PNG");
}

TEST_F(TranscoderTest, AnAnswerThatIsNoneIsAnInternalError) {
  EXPECT_THAT(transcoder_->Response(*Request("GET", "/v1/books/b"), "\xff\xff"),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(transcoder_->ParseResponse(*Request("GET", "/v1/loans:watch"), "\xff"), nullptr);
}

TEST_F(TranscoderTest, ParsesMessagesOfAStream) {
  library::WatchLoansResponse loan;
  loan.set_book_id("b");
  const auto parsed =
      transcoder_->ParseResponse(*Request("GET", "/v1/loans:watch"), loan.SerializeAsString());
  ASSERT_NE(parsed, nullptr);
  EXPECT_EQ(FrameMessage(StreamFraming::kNdjson, *parsed, "{}"), "{\"result\":{}}\n");
}

}  // namespace
}  // namespace rostrum::gateway
