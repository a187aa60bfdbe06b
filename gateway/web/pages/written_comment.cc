#include "gateway/web/pages/written_comment.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rostrum::gateway {

comment::v1::CreateCommentRequest TypedComment(const Page& page) {
  comment::v1::CreateCommentRequest request;
  request.mutable_comment()->set_body(page.form.Get("body"));
  request.mutable_comment()->set_parent_id(page.form.Get("parent"));
  request.set_request_id(page.form.Get("request"));
  return request;
}

http::HttpResponse AnswerWritten(Page& page, const std::string& path,
                                 const comment::v1::Comment& comment) {
  const std::string* prefer = page.request.headers.Find("prefer");
  if (prefer == nullptr || !absl::StrContains(*prefer, "return=minimal")) {
    return page.Redirect(absl::StrCat(path, "#comment-", comment.comment_id()));
  }
  http::HttpResponse response;
  response.status = 204;
  response.headers.Set("Preference-Applied", "return=minimal");
  response.headers.Set("Cache-Control", "no-store");
  return response;
}

void ShowRefused(Page& page, const RefusedComment& refused, DiscussionState& state,
                 ctemplate::TemplateDictionary& values) {
  state.typed = refused.request.comment().body();
  state.typed_parent = refused.request.comment().parent_id();
  if (page.ShowFormErrors(refused.status, {{"comment.body", "BODY"}}, values)) return;
  ShowFormError(page.site.words.Get("FORM_NOT_SENT"), values);
  state.request_id = refused.request.request_id();
}

http::HttpResponse ShowTyped(Page& page, const RefusedComment& refused, const std::string& file,
                             DiscussionState state) {
  ctemplate::TemplateDictionary& values = page.UseTemplate(file);
  ShowRefused(page, refused, state, values);
  FillCompose(state, values);
  values.ShowSection("AWAY");
  return page.ShowAgain(page.site.words.Get("DISCUSSION"), refused.status);
}

}  // namespace rostrum::gateway
