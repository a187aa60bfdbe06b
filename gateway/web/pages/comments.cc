#include <string>

#include "absl/strings/match.h"
#include "gateway/web/discussion_view.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/pages/written_comment.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"
#include "services/common/rpc/etag.h"

namespace rostrum::gateway {
namespace {

namespace mpb = rostrum::comment::v1;

http::HttpResponse ShowEdit(Page& page, const mpb::Comment& comment, const absl::Status& status) {
  ctemplate::TemplateDictionary& values = page.UseTemplate("comment_edit.tpl");
  values.SetValue("COMMENT_ID", comment.comment_id());
  values.SetValue("RETURN", page.ReturnPath("/"));
  values.SetValue("ETAG", comment.etag());
  values.SetValue("BODY", comment.body());
  const Words& words = page.site.words;
  const bool in_room = absl::StartsWith(page.ReturnPath("/"), "/rooms/");
  const std::string title = words.Get(in_room ? "ROOM_EDIT_TITLE" : "COMMENT_EDIT_TITLE");
  values.SetValue("TITLE", title);
  values.SetValue("LABEL", words.Get(in_room ? "ROOM_SAY" : "COMMENT_LABEL"));
  if (status.ok()) return page.Show(title);
  if (IsSignedOut(status)) {
    ShowSignedOut(values);
    return page.Show(title, 403);
  }
  if (ReasonOf(status) == kEtagMismatch) {
    ShowFormError(words.Get("COMMENT_CHANGED_MEANWHILE"), values);
  } else if (!page.ShowFormErrors(status, {{"comment.body", "BODY"}}, values)) {
    ShowFormError(words.Get("FORM_NOT_SENT"), values);
  }
  return page.ShowAgain(title, status);
}

PageAnswer EditComment(Page& page) {
  mpb::GetCommentRequest request;
  request.set_comment_id(page.path.at("comment_id"));
  const auto comment = co_await page.calls.Call(rpcs::kGetComment, request);
  if (!comment.ok()) co_return page.Fail(comment.status());
  co_return ShowEdit(page, *comment, absl::OkStatus());
}

PageAnswer SaveComment(Page& page) {
  mpb::UpdateCommentRequest request;
  request.mutable_comment()->set_comment_id(page.path.at("comment_id"));
  request.mutable_comment()->set_body(page.form.Get("body"));
  request.mutable_comment()->set_etag(page.form.Get("etag"));
  request.mutable_update_mask()->add_paths("body");
  const auto saved = co_await page.calls.Call(rpcs::kUpdateComment, request);
  if (saved.ok()) co_return page.Redirect(page.ReturnPath("/"));
  mpb::Comment typed = request.comment();
  if (ReasonOf(saved.status()) == kEtagMismatch) {
    mpb::GetCommentRequest present;
    present.set_comment_id(typed.comment_id());
    const auto comment = co_await page.calls.Call(rpcs::kGetComment, present);
    // If the reader saves again, the text replaces the present one.
    if (comment.ok()) typed.set_etag(comment->etag());
  }
  co_return ShowEdit(page, typed, saved.status());
}

PageAnswer DeleteComment(Page& page) {
  mpb::DeleteCommentRequest request;
  request.set_comment_id(page.path.at("comment_id"));
  const auto comment = co_await page.calls.Call(rpcs::kDeleteComment, request);
  if (!comment.ok()) co_return page.Fail(comment.status());
  co_return page.Redirect(page.ReturnPath("/"));
}

}  // namespace

void AddCommentPages(PageRoutes& routes) {
  routes.push_back({"GET", "/comments/{comment_id}/edit", EditComment});
  routes.push_back({"POST", "/comments/{comment_id}/edit", SaveComment});
  routes.push_back({"POST", "/comments/{comment_id}/delete", DeleteComment});
}

}  // namespace rostrum::gateway
