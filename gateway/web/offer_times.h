#pragma once

#include <string>
#include <vector>

#include "gateway/web/dictionary.h"
#include "google/protobuf/timestamp.pb.h"
#include "rostrum/subscription/v1/access_service.pb.h"

namespace rostrum::gateway {

// The times of an offer are different for each visitor, while the rest of a page with an offer is
// the same for many. So it can be made with placeholders for them.

// What stands in such a page for the times. Nobody who writes for the site can know them.
const std::vector<std::string>& OfferPlaceholders();

// Takes the times of the offer out of `access`, so that visitors who see the same but for them
// have the same. Returns the values for OfferPlaceholders(); none if there is no offer.
std::vector<std::string> TakeOfferTimes(subscription::v1::ReadingAccess& access);

// Sets NAME_ISO and NAME as SetTime does; to placeholders if the time is not known. The names are
// EXPIRE, NOW and NEXT.
void SetOfferTime(ctemplate::TemplateDictionary& values, const std::string& name, bool known,
                  const google::protobuf::Timestamp& time);

}  // namespace rostrum::gateway
