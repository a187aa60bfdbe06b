#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gateway/web/article_view.h"
#include "services/common/base/ids.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::gateway {
namespace {

namespace pb = rostrum::comment::v1;
using ctemplate::TemplateDictionary;

// Replies stand after what they reply to; what it is a reply to may be on
// another page.
class Thread {
 public:
  explicit Thread(const pb::ListCommentsResponse& comments) {
    std::map<std::string, bool> here;
    for (const pb::Comment& comment : comments.comments()) here[comment.comment_id()] = true;
    for (const pb::Comment& comment : comments.comments()) {
      const bool reply = here.contains(comment.parent_id());
      replies_[reply ? comment.parent_id() : ""].push_back(&comment);
    }
  }
  std::vector<const pb::Comment*> InOrder() const {
    std::vector<const pb::Comment*> order;
    Add("", order);
    return order;
  }

 private:
  void Add(const std::string& parent, std::vector<const pb::Comment*>& order) const {
    const auto found = replies_.find(parent);
    if (found == replies_.end()) return;
    for (const pb::Comment* comment : found->second) {
      order.push_back(comment);
      Add(comment->comment_id(), order);
    }
  }
  std::map<std::string, std::vector<const pb::Comment*>> replies_;
};

void FillComment(const Words& words, const pb::Comment& comment, const DiscussionState& state,
                 TemplateDictionary& values) {
  values.SetValue("COMMENT_ID", comment.comment_id());
  values.SetIntValue("DEPTH", comment.depth());
  if (comment.has_delete_time()) {
    values.ShowSection("DELETED");
    return;
  }
  TemplateDictionary& shown = *values.AddSectionDictionary("SHOWN");
  shown.SetValue("AUTHOR", comment.author().display_name());
  SetTime(shown, "TIME", comment.create_time());
  shown.SetValue("HTML", comment.body_html());
  if (comment.has_edit_time()) shown.ShowSection("EDITED");
  if (state.account_id.empty()) return;
  TemplateDictionary& reply = *shown.AddSectionDictionary("REPLY");
  reply.SetValue("ACTION", absl::StrCat(state.post_path, "/comments"));
  reply.SetValue("REQUEST", NewUuid(state.now));
  reply.SetValue("LABEL",
                 words.Format("COMMENT_REPLY_TO", {{"name", comment.author().display_name()}}));
  if (comment.author().account_id() != state.account_id) return;
  TemplateDictionary& own = *shown.AddSectionDictionary("OWN");
  const std::string back = absl::StrCat(state.post_path, "#comment-", comment.comment_id());
  own.SetValue("RETURN", back);
  own.SetValue("RETURN_QUERY", QueryValue(back));
  if (state.now < FromProtoTime(comment.edit_end_time())) own.ShowSection("EDITABLE");
}

}  // namespace

void FillDiscussion(const Words& words, const pb::ListCommentsResponse& comments,
                    const DiscussionState& state, TemplateDictionary& values) {
  if (comments.total_count() > 0) {
    values.AddSectionDictionary("COUNT")->SetValue("TEXT",
                                                   words.Count("COMMENTS", comments.total_count()));
  }
  if (comments.comments().empty()) {
    values.ShowSection("NONE");
  } else {
    TemplateDictionary& list = *values.AddSectionDictionary("LIST");
    for (const pb::Comment* comment : Thread(comments).InOrder()) {
      FillComment(words, *comment, state, *list.AddSectionDictionary("COMMENT"));
    }
  }
  if (!comments.next_page_token().empty()) {
    values.AddSectionDictionary("MORE")->SetValue(
        "URL", absl::StrCat(state.post_path, "?comments=", QueryValue(comments.next_page_token())));
  }
  if (state.account_id.empty()) {
    values.AddSectionDictionary("LOG_IN")->SetValue(
        "RETURN_QUERY", QueryValue(absl::StrCat(state.post_path, "#discussion")));
    return;
  }
  TemplateDictionary& compose = *values.AddSectionDictionary("COMPOSE");
  compose.SetValue("ACTION", absl::StrCat(state.post_path, "/comments"));
  compose.SetValue("REQUEST", NewUuid(state.now));
  compose.SetValue("BODY", state.typed);
  if (!state.typed_parent.empty()) {
    compose.AddSectionDictionary("PARENT")->SetValue("PARENT_ID", state.typed_parent);
  }
}

}  // namespace rostrum::gateway
