#include "gateway/web/pages/written_comment.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

bool WantsNoPage(const Page& page) {
  const std::string* prefer = page.request.headers.Find("prefer");
  return prefer != nullptr && absl::StrContains(*prefer, "return=minimal");
}

}  // namespace

comment::v1::CreateCommentRequest TypedComment(const Page& page) {
  comment::v1::CreateCommentRequest request;
  request.mutable_comment()->set_body(page.form.Get("body"));
  request.mutable_comment()->set_parent_id(page.form.Get("parent"));
  request.set_request_id(page.form.Get("request"));
  return request;
}

http::HttpResponse AnswerWritten(Page& page, const std::string& path,
                                 const comment::v1::Comment& comment) {
  const std::string place = CommentPath(path, comment.comment_id());
  if (!WantsNoPage(page)) return page.Redirect(place);
  http::HttpResponse response;
  response.status = 204;
  response.headers.Set("Location", place);
  response.headers.Set("Preference-Applied", "return=minimal");
  response.headers.Set("Cache-Control", "no-store");
  return response;
}

bool IsSignedOut(const absl::Status& status) { return ReasonOf(status) == "LOGIN_REQUIRED"; }

void ShowRefused(Page& page, const RefusedComment& refused, DiscussionState& state,
                 ctemplate::TemplateDictionary& values) {
  state.typed = refused.request.comment().body();
  state.typed_parent = refused.request.comment().parent_id();
  if (page.ShowFormErrors(refused.status, {{"comment.body", "BODY"}}, values)) return;
  if (IsSignedOut(refused.status)) {
    ShowSignedOut(values);
  } else {
    ShowFormError(page.site.words.Get("FORM_NOT_SENT"), values);
  }
  state.request_id = refused.request.request_id();
}

void FillTyped(Page& page, const RefusedComment& refused, DiscussionState state,
               ctemplate::TemplateDictionary& values) {
  ShowRefused(page, refused, state, values);
  FillCompose(state, values);
}

http::HttpResponse ShowTyped(Page& page, const RefusedComment& refused, const std::string& file,
                             DiscussionState state) {
  ctemplate::TemplateDictionary& values = page.UseTemplate(file);
  FillTyped(page, refused, std::move(state), values);
  const std::string title = page.site.words.Get("DISCUSSION");
  if (IsSignedOut(refused.status)) return page.Show(title, 403);
  values.ShowSection("AWAY");
  return page.ShowAgain(title, refused.status);
}

http::HttpResponse AnswerSignedOut(Page& page, const RefusedComment& refused,
                                   const std::string& file, DiscussionState state) {
  if (WantsNoPage(page)) return page.AskToLogIn(absl::StrCat(state.path, "#discussion"));
  return ShowTyped(page, refused, file, std::move(state));
}

}  // namespace rostrum::gateway
