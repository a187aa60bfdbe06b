#pragma once

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"

namespace rostrum {

// Matches a message that is equal to `expected`; says what differs.
MATCHER_P(EqualsProto, expected,
          std::string(negation ? "differs from" : "equals") + " " + expected.ShortDebugString()) {
  google::protobuf::util::MessageDifferencer differencer;
  std::string report;
  differencer.ReportDifferencesToString(&report);
  const bool equal = differencer.Compare(expected, arg);
  *result_listener << report;
  return equal;
}

}  // namespace rostrum
