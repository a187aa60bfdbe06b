#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common_migrations.h"
#include "gtest/gtest.h"
#include "rostrum/account/v1/events.pb.h"
#include "rostrum/event/v1/event_service.pb.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/transaction.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum {

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);

// The shared tables are all that a producer of events needs.
inline std::vector<MigrationSet> ProducerSchema() {
  return {{"common", common_migrations::Files()}};
}

inline account::v1::ProfileChanged ProfileChangedTo(const std::string& name) {
  account::v1::ProfileChanged changed;
  changed.set_display_name(name);
  return changed;
}

// Commits an event with this name in it.
inline void WriteName(PgPool& pool, const std::string& name, absl::Time time = kNoon) {
  const absl::Status status = RunTx(pool, [&](Transaction& tx) -> absl::Status {
    WriteEvent(tx, "key of " + name, ProfileChangedTo(name), time);
    return absl::OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status;
}

inline std::string NameIn(const event::v1::Event& event) {
  account::v1::ProfileChanged changed;
  return event.payload().UnpackTo(&changed) ? changed.display_name() : "not a ProfileChanged";
}

}  // namespace rostrum
