#include "gateway/public_services.h"

#include "rostrum/account/v1/account_service.pb.h"
#include "rostrum/account/v1/identity_service.pb.h"
#include "rostrum/account/v1/session_service.pb.h"
#include "rostrum/account/v1/sign_up_service.pb.h"
#include "rostrum/comment/v1/comment_service.pb.h"
#include "rostrum/content/v1/catalog_service.pb.h"
#include "rostrum/content/v1/desk_service.pb.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "rostrum/content/v1/search_service.pb.h"
#include "rostrum/feed/v1/feed_service.pb.h"
#include "rostrum/feed/v1/follow_service.pb.h"
#include "rostrum/feed/v1/room_service.pb.h"
#include "rostrum/subscription/v1/access_service.pb.h"
#include "rostrum/subscription/v1/membership_service.pb.h"
#include "rostrum/subscription/v1/trial_service.pb.h"

namespace rostrum::gateway {
namespace {

// All services of the proto file that defines the message.
template <class AnyMessageOfTheFile>
void Add(std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  const google::protobuf::FileDescriptor* file = AnyMessageOfTheFile::descriptor()->file();
  for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
}

}  // namespace

std::vector<const google::protobuf::ServiceDescriptor*> PublicServices() {
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  Add<account::v1::Account>(services);
  Add<account::v1::Identity>(services);
  Add<account::v1::Session>(services);
  Add<account::v1::SignUpRequest>(services);
  Add<comment::v1::Comment>(services);
  Add<content::v1::Channel>(services);
  Add<content::v1::Manuscript>(services);
  Add<content::v1::Post>(services);
  Add<content::v1::FoundPost>(services);
  Add<feed::v1::FeedItem>(services);
  Add<feed::v1::Follow>(services);
  Add<feed::v1::Room>(services);
  Add<subscription::v1::ReadingAccess>(services);
  Add<subscription::v1::Membership>(services);
  Add<subscription::v1::Trial>(services);
  return services;
}

}  // namespace rostrum::gateway
