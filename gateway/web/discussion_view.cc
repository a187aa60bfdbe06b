#include "gateway/web/discussion_view.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gateway/web/page.h"
#include "services/common/base/ids.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::gateway {
namespace {

namespace pb = rostrum::comment::v1;
using ctemplate::TemplateDictionary;

// How many levels a thread has; a reply to the last is refused (TOO_DEEP).
constexpr int kMostLevels = 8;

// Replies come after the comment that they reply to, which may be on another page. `comments` are
// newest first.
class Thread {
 public:
  explicit Thread(const pb::ListCommentsResponse& comments) {
    for (const pb::Comment& comment : comments.comments()) here_.insert(comment.comment_id());
    for (int i = comments.comments_size() - 1; i >= 0; --i) {
      const pb::Comment& comment = comments.comments(i);
      replies_[HasParent(comment) ? comment.parent_id() : ""].push_back(&comment);
    }
  }
  bool HasParent(const pb::Comment& comment) const { return here_.contains(comment.parent_id()); }
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
  std::set<std::string> here_;
  std::map<std::string, std::vector<const pb::Comment*>> replies_;
};

void FillInReplyTo(const std::string& url, const std::string& text, TemplateDictionary& shown) {
  TemplateDictionary& values = *shown.AddSectionDictionary("IN_REPLY_TO");
  values.SetValue("URL", url);
  values.SetValue("TEXT", text);
}

// Shows which message a message replies to: it need not be the one before. `parent` is null if it
// is not on this page.
void FillParent(const Words& words, const pb::Comment& comment, const pb::Comment* parent,
                const DiscussionState& state, TemplateDictionary& shown) {
  if (comment.parent_id().empty()) return;
  FillInReplyTo(parent == nullptr ? CommentPath(state.path, comment.parent_id())
                                  : absl::StrCat("#comment-", comment.parent_id()),
                parent == nullptr || !parent->has_author()
                    ? words.Get("ROOM_IN_REPLY_TO_EARLIER")
                    : words.Format("ROOM_IN_REPLY_TO", {{"name", parent->author().display_name()}}),
                shown);
}

// The URL to which a comment is sent. It has the id of the post, whose path may change
// meanwhile.
std::string WriteUrl(const DiscussionState& state) {
  const std::string url = absl::StrCat(state.path, "/comments");
  return state.post_id.empty() ? url : absl::StrCat(url, "?post=", state.post_id);
}

std::string ReplyLabel(const Words& words, const pb::Comment& parent) {
  return words.Format("COMMENT_REPLY_TO", {{"name", parent.author().display_name()}});
}

// Returns the values of what is shown, or null for a deleted comment.
TemplateDictionary* FillComment(const Words& words, const pb::Comment& comment,
                                const DiscussionState& state, TemplateDictionary& list) {
  TemplateDictionary& values = *list.AddIncludeDictionary("COMMENT");
  values.SetFilename("comment.tpl");
  values.SetValue("COMMENT_ID", comment.comment_id());
  values.SetIntValue("DEPTH", comment.depth());
  values.SetValue("PARENT", comment.parent_id());
  values.SetValue("VERSION", absl::StrReplaceAll(comment.etag(), {{"\"", ""}}));
  if (comment.has_delete_time()) {
    values.AddSectionDictionary("DELETED")->SetValue(
        "TEXT", words.Get(comment.channel_id().empty() ? "COMMENT_DELETED" : "ROOM_DELETED"));
    return nullptr;
  }
  TemplateDictionary& shown = *values.AddSectionDictionary("SHOWN");
  const std::string place = CommentPath(state.path, comment.comment_id());
  shown.SetValue("AUTHOR", comment.author().display_name());
  shown.SetValue("PLACE", place);
  SetTime(shown, "TIME", comment.create_time());
  shown.SetValue("HTML", comment.body_html());
  if (comment.has_edit_time()) shown.ShowSection("EDITED");
  if (state.account_id.empty()) return &shown;
  if (comment.depth() + 1 < kMostLevels) {
    TemplateDictionary& reply = *shown.AddSectionDictionary("REPLY");
    reply.SetValue("ACTION", WriteUrl(state));
    reply.SetValue("REQUEST", NewUuid(state.now));
    reply.SetValue("LABEL", ReplyLabel(words, comment));
  }
  if (comment.author().account_id() != state.account_id) return &shown;
  TemplateDictionary& own = *shown.AddSectionDictionary("OWN");
  own.SetValue("RETURN", place);
  own.SetValue("RETURN_QUERY", QueryValue(place));
  if (state.now < FromProtoTime(comment.edit_end_time())) own.ShowSection("EDITABLE");
  return &shown;
}

void FillLive(const DiscussionState& state, TemplateDictionary& values) {
  if (state.live_url.empty()) return;
  TemplateDictionary& live = *values.AddSectionDictionary("LIVE");
  live.SetValue("URL", state.live_url);
  live.SetValue("FRAGMENT", state.fragment);
  live.SetValue("SINCE", absl::StrCat(absl::ToUnixMillis(state.now)));
}

// `reply_label` is empty if it is not known whose comment a reply is to.
void AddCompose(const DiscussionState& state, const std::string& reply_label,
                TemplateDictionary& values) {
  TemplateDictionary& compose = *values.AddSectionDictionary("COMPOSE");
  TemplateDictionary& words = *compose.AddIncludeDictionary("WORDS");
  words.SetFilename("compose_words.tpl");
  ShowSignedOut(words);
  compose.SetValue("ACTION", WriteUrl(state));
  compose.SetValue("REQUEST", state.request_id.empty() ? NewUuid(state.now) : state.request_id);
  compose.SetValue("BODY", state.typed);
  if (state.typed_parent.empty()) {
    compose.ShowSection("NEW");
    return;
  }
  TemplateDictionary& parent = *compose.AddSectionDictionary("PARENT");
  parent.SetValue("PARENT_ID", state.typed_parent);
  if (reply_label.empty()) {
    parent.ShowSection("UNKNOWN");
  } else {
    parent.AddSectionDictionary("KNOWN")->SetValue("LABEL", reply_label);
  }
}

void FillComposeBelow(const Words& words, const pb::ListCommentsResponse& comments,
                      const DiscussionState& state, TemplateDictionary& values) {
  for (const pb::Comment& comment : comments.comments()) {
    if (comment.comment_id() == state.typed_parent && comment.has_author()) {
      return AddCompose(state, ReplyLabel(words, comment), values);
    }
  }
  FillCompose(state, values);
}

}  // namespace

std::string CommentPath(const std::string& path, const std::string& comment_id) {
  return absl::StrCat(path, "?comment=", comment_id, "#comment-", comment_id);
}

void ShowSignedOut(TemplateDictionary& form) {
  form.AddIncludeDictionary("SIGNED_OUT")->SetFilename("signed_out.tpl");
}

void FillCompose(const DiscussionState& state, TemplateDictionary& values) {
  AddCompose(state, "", values);
}

void FillDiscussion(const Words& words, const pb::ListCommentsResponse& comments,
                    const DiscussionState& state, TemplateDictionary& values) {
  FillLive(state, values);
  if (comments.total_count() > 0) {
    values.AddSectionDictionary("COUNT")->SetValue("TEXT",
                                                   words.Count("COMMENTS", comments.total_count()));
  }
  if (comments.comments().empty()) values.ShowSection("NONE");
  const Thread thread(comments);
  for (const pb::Comment* comment : thread.InOrder()) {
    TemplateDictionary* shown = FillComment(words, *comment, state, values);
    if (shown != nullptr && !comment->parent_id().empty() && !thread.HasParent(*comment)) {
      FillInReplyTo(CommentPath(state.path, comment->parent_id()),
                    words.Get("COMMENT_IN_REPLY_TO_EARLIER"), *shown);
    }
  }
  if (state.live_url.empty()) values.AddSectionDictionary("LATEST")->SetValue("URL", state.path);
  if (!comments.next_page_token().empty()) {
    values.AddSectionDictionary("EARLIER")->SetValue(
        "URL", absl::StrCat(state.path, "?comments=", QueryValue(comments.next_page_token())));
  }
  if (state.account_id.empty()) {
    values.AddSectionDictionary("LOG_IN")->SetValue(
        "RETURN_QUERY", QueryValue(absl::StrCat(state.path, "#discussion")));
    return;
  }
  FillComposeBelow(words, comments, state, values);
}

void FillConversation(const Words& words, const pb::ListCommentsResponse& comments,
                      const DiscussionState& state, TemplateDictionary& values) {
  FillLive(state, values);
  if (comments.comments().empty()) values.ShowSection("NONE");
  std::map<std::string, const pb::Comment*> here;
  for (const pb::Comment& comment : comments.comments()) here[comment.comment_id()] = &comment;
  for (int i = comments.comments_size() - 1; i >= 0; --i) {
    const pb::Comment& comment = comments.comments(i);
    TemplateDictionary* shown = FillComment(words, comment, state, values);
    const auto parent = here.find(comment.parent_id());
    if (shown != nullptr) {
      FillParent(words, comment, parent == here.end() ? nullptr : parent->second, state, *shown);
    }
  }
  if (!comments.next_page_token().empty()) {
    values.AddSectionDictionary("EARLIER")->SetValue(
        "URL", absl::StrCat(state.path, "?before=", QueryValue(comments.next_page_token())));
  }
  FillComposeBelow(words, comments, state, values);
}

}  // namespace rostrum::gateway
