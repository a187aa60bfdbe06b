#include "gateway/web/live_events.h"

#include "rostrum/comment/v1/events.pb.h"
#include "rostrum/content/v1/events.pb.h"

namespace rostrum::gateway {
namespace {

void TellComment(const event::v1::Event& event, LiveHub& hub, ArticleCache& articles) {
  comment::v1::CommentCreated created;
  comment::v1::CommentChanged changed;
  const comment::v1::Comment* comment = nullptr;
  if (event.payload().UnpackTo(&created)) {
    comment = &created.comment();
  } else if (event.payload().UnpackTo(&changed)) {
    comment = &changed.comment();
  } else {
    return;
  }
  // Before browsers are notified, because they then ask for the discussion.
  articles.CommentsChanged(comment->post_id());
  hub.Changed(comment->channel_id().empty() ? PostTopic(comment->post_id())
                                            : RoomTopic(comment->channel_id()));
}

void TellPublished(LiveHub& hub, ArticleCache& articles) {
  articles.CardsChanged();
  hub.Changed(kPublishedTopic);
}

void TellPost(const event::v1::Event& event, LiveHub& hub, ArticleCache& articles) {
  articles.PostChanged(event.key());
  TellPublished(hub, articles);
}

}  // namespace

LiveEvents::LiveEvents(const EventSource& comment, const EventSource& content, LiveHub& hub,
                       ArticleCache& articles)
    : comments_(
          comment,
          {.types = {comment::v1::CommentCreated::descriptor()->full_name(),
                     comment::v1::CommentChanged::descriptor()->full_name()},
           .on_event = [&](const event::v1::Event& event) { TellComment(event, hub, articles); },
           .missed =
               [&] {
                 articles.AllCommentsChanged();
                 hub.AllChanged();
               }}),
      posts_(content,
             {.types = {content::v1::PostPublished::descriptor()->full_name(),
                        content::v1::PostUnpublished::descriptor()->full_name()},
              .on_event = [&](const event::v1::Event& event) { TellPost(event, hub, articles); },
              .known_until = [&](absl::Time time) { articles.PostChangesKnownUntil(time); },
              .missed =
                  [&] {
                    articles.AllPostsChanged();
                    TellPublished(hub, articles);
                  }}) {}

}  // namespace rostrum::gateway
