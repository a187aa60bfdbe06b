#include "gateway/transcoding/linked_types.h"

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/util/type_resolver_util.h"

namespace rostrum::gateway {
namespace {

namespace util = google::protobuf::util;

constexpr char kPrefix[] = "type.googleapis.com";

class Types final : public util::TypeResolver {
 public:
  util::Status ResolveMessageType(const std::string& url, google::protobuf::Type* type) override {
    return Resolve(url, type, messages_, &util::TypeResolver::ResolveMessageType);
  }
  util::Status ResolveEnumType(const std::string& url, google::protobuf::Enum* type) override {
    return Resolve(url, type, enums_, &util::TypeResolver::ResolveEnumType);
  }

 private:
  template <class Type>
  util::Status Resolve(const std::string& url, Type* type,
                       absl::flat_hash_map<std::string, Type>& known,
                       util::Status (util::TypeResolver::*ask)(const std::string&, Type*)) {
    {
      absl::ReaderMutexLock lock(&mu_);
      if (const auto found = known.find(url); found != known.end()) {
        *type = found->second;
        return {};
      }
    }
    util::Status status = (descriptors_.get()->*ask)(url, type);
    if (status.ok()) {
      absl::MutexLock lock(&mu_);
      known.emplace(url, *type);
    }
    return status;
  }

  const std::unique_ptr<util::TypeResolver> descriptors_{util::NewTypeResolverForDescriptorPool(
      kPrefix, google::protobuf::DescriptorPool::generated_pool())};
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, google::protobuf::Type> messages_;
  absl::flat_hash_map<std::string, google::protobuf::Enum> enums_;
};

}  // namespace

util::TypeResolver* LinkedTypes() {
  static Types* const types = new Types;
  return types;
}

std::string TypeUrlOf(const google::protobuf::Message& message) {
  return absl::StrCat(kPrefix, "/", message.GetDescriptor()->full_name());
}

}  // namespace rostrum::gateway
