#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "rostrum/content/v1/desk_service.grpc.pb.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/content/media.h"
#include "services/content/media_store.h"

namespace rostrum::content {

// The handlers of rostrum.content.v1.MediaService. Thread-safe.
class MediaService final : public v1::MediaService::Service {
 public:
  // `patience`: how long a picture waits for others that are being encoded.
  MediaService(MediaStore& store, Clock& clock, RpcRuntime& runtime,
               absl::Duration patience = absl::Seconds(5))
      : store_(store),
        clock_(clock),
        rpc_(runtime, v1::MediaService::service_full_name()),
        patience_(patience) {}

  grpc::Status CreateMedia(grpc::ServerContext* ctx, const v1::CreateMediaRequest* request,
                           v1::Media* response) override;
  grpc::Status GetMedia(grpc::ServerContext* ctx, const v1::GetMediaRequest* request,
                        http::v1::HttpBody* response) override;

 private:
  // Encodes one picture at a time, because it needs a large part of the memory of the
  // process, and readers need the processors. RESOURCE_EXHAUSTED / BUSY after
  // `patience`.
  absl::StatusOr<EncodedPicture> Encode(const std::string& bytes, const RequestContext& rc);

  MediaStore& store_;
  Clock& clock_;
  RpcMethods rpc_;
  const absl::Duration patience_;
  absl::Mutex mu_;
  bool encoding_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace rostrum::content
