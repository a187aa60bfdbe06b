#include "gateway/web/pages/refused_comment.h"

#include "services/common/base/ids.h"

namespace rostrum::gateway {

comment::v1::CreateCommentRequest TypedComment(const Page& page) {
  comment::v1::CreateCommentRequest request;
  request.mutable_comment()->set_body(page.form.Get("body"));
  request.mutable_comment()->set_parent_id(page.form.Get("parent"));
  request.set_request_id(page.form.Get("request"));
  return request;
}

void ShowRefused(Page& page, const RefusedComment& refused, DiscussionState& state,
                 ctemplate::TemplateDictionary& values) {
  state.typed = refused.request.comment().body();
  state.typed_parent = refused.request.comment().parent_id();
  if (page.ShowFormErrors(refused.status, {{"comment.body", "BODY"}}, values)) return;
  values.AddSectionDictionary("FORM_ERROR")
      ->SetValue("ERROR", page.site.words.Get("FORM_NOT_SENT"));
  if (IsUuid(refused.request.request_id())) state.request_id = refused.request.request_id();
}

}  // namespace rostrum::gateway
