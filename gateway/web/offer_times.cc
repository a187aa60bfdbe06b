#include "gateway/web/offer_times.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "gateway/web/page.h"
#include "services/common/base/crypto.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::gateway {
namespace {

namespace spb = rostrum::subscription::v1;

constexpr std::array<const char*, 3> kTimes = {"EXPIRE", "NOW", "NEXT"};

std::string PlaceholderOf(absl::string_view variable) {
  static const std::string* const kSecret = new std::string(Hex(RandomBytes(16)));
  return absl::StrCat("[", *kSecret, " ", variable, "]");
}

std::string IsoName(absl::string_view name) { return absl::StrCat(name, "_ISO"); }

}  // namespace

const std::vector<std::string>& OfferPlaceholders() {
  static const auto* const kPlaceholders = [] {
    auto* placeholders = new std::vector<std::string>;
    for (const char* name : kTimes) {
      placeholders->push_back(PlaceholderOf(IsoName(name)));
      placeholders->push_back(PlaceholderOf(name));
    }
    return placeholders;
  }();
  return *kPlaceholders;
}

std::vector<std::string> TakeOfferTimes(spb::ReadingAccess& access) {
  if (!access.has_offer()) return {};
  std::vector<std::string> values;
  for (const auto& proto :
       {access.offer().expire_time(), access.server_time(), access.offer().next_offer_time()}) {
    const absl::Time time = FromProtoTime(proto);
    values.push_back(IsoTime(time));
    values.push_back(TimeText(time));
  }
  access.clear_server_time();
  access.mutable_offer()->clear_expire_time();
  access.mutable_offer()->clear_next_offer_time();
  return values;
}

void SetOfferTime(ctemplate::TemplateDictionary& values, const std::string& name, bool known,
                  const google::protobuf::Timestamp& time) {
  if (known) return SetTime(values, name, time);
  values.SetValue(IsoName(name), PlaceholderOf(IsoName(name)));
  values.SetValue(name, PlaceholderOf(name));
}

}  // namespace rostrum::gateway
