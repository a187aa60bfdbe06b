#include "services/content/media_service.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/common/base/status.h"
#include "services/content/content_proto.h"

namespace rostrum::content {
namespace {

constexpr int kMaxWidth = 10'000;
// A picture is named after its bytes, so it never changes.
constexpr char kForever[] = "public, max-age=31536000, immutable";

}  // namespace

grpc::Status MediaService::CreateMedia(grpc::ServerContext* ctx,
                                       const v1::CreateMediaRequest* request, v1::Media* response) {
  return HandleRpc(rpc_, ctx, "CreateMedia", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const EncodedPicture picture, Encode(request->content().data(), rc));
    RETURN_IF_ERROR(store_.Put(picture, rc.caller.account_id, clock_.Now()));
    *response = ToProto(picture.media);
    return absl::OkStatus();
  });
}

absl::StatusOr<EncodedPicture> MediaService::Encode(const std::string& bytes,
                                                    const RequestContext& rc) {
  {
    absl::MutexLock lock(&mu_);
    const auto is_free = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !encoding_; };
    if (!mu_.AwaitWithTimeout(absl::Condition(&is_free), std::min(patience_, rc.TimeLeft()))) {
      return RetryLater(absl::StatusCode::kResourceExhausted, "BUSY",
                        "other pictures are being encoded", absl::Seconds(5));
    }
    encoding_ = true;
  }
  const auto done = absl::MakeCleanup([this] {
    absl::MutexLock lock(&mu_);
    encoding_ = false;
  });
  return EncodePicture(bytes, "content");
}

grpc::Status MediaService::GetMedia(grpc::ServerContext* ctx, const v1::GetMediaRequest* request,
                                    http::v1::HttpBody* response) {
  return HandleRpc(rpc_, ctx, "GetMedia", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const MediaId id, ParseId<MediaId>(request->media_id(), "media_id"));
    if (request->width() < 0 || request->width() > kMaxWidth) {
      return InvalidField("width", "OUT_OF_RANGE", absl::StrCat("must be 0 to ", kMaxWidth));
    }
    ASSIGN_OR_RETURN(MediaBytes media, store_.Get(id, request->width()));
    response->set_content_type(media.content_type);
    response->set_data(std::move(media.bytes));
    response->set_cache_control(kForever);
    SetEtag(ctx, absl::StrCat("\"", id.value(), "-", request->width(), "\""));
    return absl::OkStatus();
  });
}

}  // namespace rostrum::content
