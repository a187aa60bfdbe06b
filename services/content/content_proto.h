#pragma once

#include "rostrum/content/v1/catalog_service.pb.h"
#include "rostrum/content/v1/desk_service.pb.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "rostrum/content/v1/search_service.pb.h"
#include "services/content/catalog.h"
#include "services/content/manuscript.h"
#include "services/content/media.h"
#include "services/content/post.h"
#include "services/content/search_store.h"

namespace rostrum::content {

namespace pb = rostrum::content::v1;

// Converts this service's types to protos; nothing else does.
pb::Channel ToProto(const Channel& channel);
pb::Topic ToProto(const Topic& topic);
// Only the author and editors see the account of an author.
enum class ShowAccount { kNo, kYes };
pb::Author ToProto(const Author& author, ShowAccount show = ShowAccount::kNo);
pb::PostSummary ToProto(const PostSummary& post);
pb::FoundPost ToProto(const FoundPost& found);
pb::Manuscript ToProto(const Manuscript& manuscript);
pb::Revision ToProto(const Revision& revision);
pb::Media ToProto(const Media& media);

}  // namespace rostrum::content
