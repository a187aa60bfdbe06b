// The meter's script, on a real Redis: one read at a time, and as many as come together
// under load.

#include <csignal>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmark/benchmark.h"
#include "services/common/base/ids.h"
#include "services/subscription/meter.h"
#include "tests/support/storage/redis_server.h"

namespace rostrum::subscription {
namespace {

void MeterScript(benchmark::State& state) {
  (void)std::signal(SIGPIPE, SIG_IGN);  // as every binary does
  static TestRedis* const redis = new TestRedis();
  RedisMeter meter(redis->redis, MeterSettings{});
  const int64_t together = state.range(0);
  int64_t visitor = 0;
  for (auto _ : state) {
    std::vector<MeterRead> reads;
    for (int64_t i = 0; i < together; ++i) {
      const std::string id = absl::StrFormat("%021dA", visitor++ % 100'000);
      reads.push_back({.pass = {.id = id, .secret = absl::StrFormat("%042dA", 7)},
                       .post_id = PostId("0190d0a2-7d4e-7cc1-8000-0242ac120002")});
    }
    const auto readings = meter.ReadAll(reads);
    if (!readings.ok() || !readings->front().granted) state.SkipWithError("not granted");
  }
  state.SetItemsProcessed(state.iterations() * together);
}
BENCHMARK(MeterScript)->Arg(1)->Arg(16)->Arg(128)->UseRealTime();

}  // namespace
}  // namespace rostrum::subscription
