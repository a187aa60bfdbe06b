#include "services/content/view_counter.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/purge.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::content {
namespace {

constexpr char kCurrent[] = "{views}:current";
constexpr char kBatches[] = "{views}:batches";
constexpr int64_t kKeepSeconds = 2 * 24 * 3600;
// Views are gathered for this long and then counted together: the views of one post cost hardly
// more than one. A kill loses them.
constexpr absl::Duration kGather = absl::Milliseconds(200);
// If this many views wait, of further ones only the number is kept, not the readers.
constexpr size_t kMaxWaiting = 10'000;
// Most views that one call of the script counts. Redis serves nobody else meanwhile.
constexpr size_t kMaxPerCall = 200;
// Most posts whose views are kept in memory while Redis is unavailable.
constexpr size_t kMaxPending = 10'000;

// KEYS: current, and the readers of each post. ARGV: seconds, and for each post its id,
// views, number of readers and readers. The sketch of readers gets its expiry with the first
// views of its post in a batch, and again when the batch is settled: a sketch that begins at
// midnight, within a batch, has none of those first views.
constexpr char kCount[] = R"lua(
  local at = 2
  for post = 2, #KEYS do
    local readers = tonumber(ARGV[at + 2])
    local views = redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1])
    if readers > 0 then
      redis.call('PFADD', KEYS[post], unpack(ARGV, at + 3, at + 2 + readers))
      if views == tonumber(ARGV[at + 1]) then redis.call('EXPIRE', KEYS[post], ARGV[1], 'NX') end
    end
    at = at + 3 + readers
  end
  return 1
)lua";

// KEYS: current, batch, batches. ARGV: uuid.
constexpr char kCut[] = R"lua(
  if redis.call('EXISTS', KEYS[1]) == 1 then
    redis.call('RENAME', KEYS[1], KEYS[2])
    redis.call('SADD', KEYS[3], ARGV[1])
  end
  return redis.call('SMEMBERS', KEYS[3])
)lua";

// Settlements run one after the other, since they may change the same posts.
constexpr char kLock[] = "SELECT pg_advisory_xact_lock(hashtextextended('view settlement', 0))";

constexpr char kAddViews[] = R"sql(
  INSERT INTO post_views (post_id, view_count)
  SELECT v.post_id, v.views FROM unnest($1::uuid[], $2::bigint[]) AS v (post_id, views)
  ON CONFLICT (post_id) DO UPDATE SET view_count = post_views.view_count + excluded.view_count)sql";

// A sketch only grows. If Redis loses one, it starts again from zero: then the larger count
// stays.
constexpr char kAddReaders[] = R"sql(
  WITH counted AS (
    SELECT v.post_id, v.readers, coalesce(r.readers, 0) AS before
    FROM unnest($1::uuid[], $2::bigint[]) AS v (post_id, readers)
    LEFT JOIN post_readers r ON r.post_id = v.post_id AND r.day = $3
  ), grown AS (
    INSERT INTO post_readers (post_id, day, readers)
    SELECT post_id, $3, readers FROM counted WHERE readers > before
    ON CONFLICT (post_id, day) DO UPDATE SET readers = excluded.readers
  )
  UPDATE post_views p SET unique_view_count = p.unique_view_count + c.readers - c.before
  FROM counted c WHERE c.post_id = p.post_id AND c.readers > c.before)sql";

std::string BatchKey(const std::string& id) { return absl::StrCat("{views}:batch:", id); }

// When a batch was cut off: the first 48 bits of a UUIDv7 are milliseconds.
absl::Time TimeOf(const std::string& batch_id) {
  if (!IsUuid(batch_id)) return absl::InfinitePast();
  int64_t milliseconds = 0;
  const std::string hex = absl::StrCat(batch_id.substr(0, 8), batch_id.substr(9, 4));
  if (!absl::SimpleHexAtoi(hex, &milliseconds)) return absl::InfinitePast();
  return absl::FromUnixMillis(milliseconds);
}

std::string ReadersKey(const std::string& day, const std::string& post_id) {
  return absl::StrCat("{views}:readers:", day, ":", post_id);
}

std::string DayOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

// Two arrays for unnest.
std::pair<std::string, std::string> Arrays(const std::map<std::string, int64_t>& counts) {
  std::vector<std::string> posts, numbers;
  for (const auto& [post, count] : counts) {
    posts.push_back(post);
    numbers.push_back(absl::StrCat(count));
  }
  return {SqlArray(posts), SqlArray(numbers)};
}

const CounterFamily kCounted{"views_total", "Views that were counted."};
const CounterFamily kSettled{"views_settled_total", "Views that were added to PostgreSQL."};

}  // namespace

ViewCounter::ViewCounter(Redis& redis, PgPool& pool, Clock& clock, Metrics& metrics)
    : redis_(redis),
      pool_(pool),
      clock_(clock),
      counted_(metrics.Counter(kCounted)),
      settled_(metrics.Counter(kSettled)),
      count_(kCount),
      cut_(kCut),
      flusher_("view-counting", absl::Seconds(1), [this] {
        absl::SleepFor(kGather);
        Flush();
        return absl::OkStatus();
      }) {}

ViewCounter::~ViewCounter() {
  flusher_.Stop();
  Flush();
}

void ViewCounter::Count(std::vector<View> views) {
  if (views.empty()) return;
  counted_.Increment(static_cast<double>(views.size()));
  const std::string day = DayOf(clock_.Now());
  bool first = false;
  {
    absl::MutexLock lock(&mu_);
    if (waiting_views_ >= kMaxWaiting) {
      for (const View& view : views) AddPending(view.post_id.value(), 1);
      return;
    }
    first = waiting_.empty();
    if (first || waiting_.back().day != day) waiting_.push_back({.day = day});
    waiting_views_ += views.size();
    std::move(views.begin(), views.end(), std::back_inserter(waiting_.back().views));
  }
  if (first) flusher_.Wake();
}

void ViewCounter::AddPending(const std::string& post, int64_t views) {
  if (pending_.size() < kMaxPending || pending_.contains(post)) pending_[post] += views;
}

void ViewCounter::Flush() {
  absl::MutexLock turn(&flush_mu_);
  std::vector<Waiting> waiting;
  {
    absl::MutexLock lock(&mu_);
    waiting.swap(waiting_);
    waiting_views_ = 0;
  }
  for (Waiting& of_day : waiting) CountInRedis(std::move(of_day));
}

void ViewCounter::CountInRedis(Waiting waiting) {
  auto& [day, views] = waiting;
  // Views of one post together.
  std::stable_sort(views.begin(), views.end(),
                   [](const View& a, const View& b) { return a.post_id < b.post_id; });
  for (size_t begin = 0; begin < views.size(); begin += kMaxPerCall) {
    Tallies tallies;
    for (size_t i = begin; i < std::min(begin + kMaxPerCall, views.size()); ++i) {
      Tally& tally = tallies[views[i].post_id.value()];
      ++tally.views;
      std::string reader = ReaderElement(views[i].reader, day);
      if (!reader.empty()) tally.readers.push_back(std::move(reader));
    }
    if (Counted(day, tallies)) continue;
    absl::MutexLock lock(&mu_);
    for (const auto& [post, tally] : tallies) AddPending(post, tally.views);
  }
}

RedisScript::Call ViewCounter::CallFor(const std::string& day, const Tallies& tallies) {
  RedisScript::Call call{.keys = {kCurrent}, .arguments = {absl::StrCat(kKeepSeconds)}};
  for (const auto& [post, tally] : tallies) {
    call.keys.push_back(ReadersKey(day, post));
    call.arguments.push_back(post);
    call.arguments.push_back(absl::StrCat(tally.views));
    call.arguments.push_back(absl::StrCat(tally.readers.size()));
    call.arguments.insert(call.arguments.end(), tally.readers.begin(), tally.readers.end());
  }
  return call;
}

bool ViewCounter::Counted(const std::string& day, const Tallies& tallies) {
  const RedisScript::Call call = CallFor(day, tallies);
  const absl::Status counted = count_.Run(redis_, call.keys, call.arguments).status();
  // A view may be lost but must not be counted twice: a call that may have happened counts as
  // done.
  return counted.ok() || Redis::MayHaveHappened(counted);
}

std::string ViewCounter::ReaderElement(const Reader& reader, const std::string& day) {
  const absl::StatusOr<std::string> salt = SaltOf(day);
  if (!salt.ok()) return "";
  // A browser may never send a new pass again, so its network stands for the reader.
  const std::string who = !reader.account_id.empty() ? absl::StrCat("a:", reader.account_id.value())
                          : reader.visitor.empty() || reader.visitor.fresh
                              ? absl::StrCat("n:", reader.network)
                              : absl::StrCat("v:", reader.visitor.id);
  return HmacSha256(*salt, who);
}

absl::StatusOr<std::string> ViewCounter::SaltOf(const std::string& day) {
  {
    absl::MutexLock lock(&mu_);
    if (salt_day_ == day) return salt_;
  }
  const std::string key = absl::StrCat("{views}:salt:", day);
  ASSIGN_OR_RETURN(
      const std::vector<RedisReply> replies,
      redis_.Pipeline(
          {{"SET", key, RandomBytes(32), "NX", "EX", absl::StrCat(kKeepSeconds)}, {"GET", key}}));
  absl::MutexLock lock(&mu_);
  salt_day_ = day;
  salt_ = replies[1].text;
  return salt_;
}

void ViewCounter::FlushPending() {
  // Pings first: views that are sent to a Redis that does not answer may be lost.
  if (!redis_.Ping()) return;
  Counts pending;
  {
    absl::MutexLock lock(&mu_);
    pending.swap(pending_);
  }
  for (auto next = pending.begin(); next != pending.end();) {
    Tallies tallies;
    for (; next != pending.end() && tallies.size() < kMaxPerCall; ++next) {
      tallies[next->first].views = next->second;
    }
    if (Counted("", tallies)) {
      pending.erase(pending.begin(), next);
      continue;
    }
    absl::MutexLock lock(&mu_);
    for (const auto& [post, views] : pending) AddPending(post, views);
    return;
  }
}

absl::StatusOr<std::vector<std::string>> ViewCounter::Batches() {
  const std::string id = NewUuid(clock_.Now());
  ASSIGN_OR_RETURN(const RedisReply reply,
                   cut_.Run(redis_, {kCurrent, BatchKey(id), kBatches}, {id}));
  std::vector<std::string> ids;
  for (const RedisReply& element : reply.elements) ids.push_back(element.text);
  return ids;
}

absl::Status ViewCounter::Settle(absl::Duration age) {
  Flush();
  FlushPending();
  absl::StatusOr<std::vector<std::string>> batches = Batches();
  // While Redis is unavailable there is nothing to settle.
  if (absl::IsUnavailable(batches.status())) return absl::OkStatus();
  RETURN_IF_ERROR(batches);
  const absl::Time now = clock_.Now();
  for (const std::string& id : *batches) {
    if (now - TimeOf(id) >= age) RETURN_IF_ERROR(SettleBatch(id));
  }
  return absl::OkStatus();
}

absl::Status ViewCounter::SettleBatch(const std::string& batch_id) {
  ASSIGN_OR_RETURN(const RedisReply reply, redis_.Command({"HGETALL", BatchKey(batch_id)}));
  Counts views;
  for (size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    int64_t count = 0;
    if (IsUuid(reply.elements[i].text) && absl::SimpleAtoi(reply.elements[i + 1].text, &count)) {
      views[reply.elements[i].text] = count;
    }
  }
  // A batch may hold views from before midnight.
  const absl::Time cut = IsUuid(batch_id) ? TimeOf(batch_id) : clock_.Now();
  ReadersByDay readers;
  for (const std::string& day : {DayOf(cut - absl::Hours(24)), DayOf(cut)}) {
    ASSIGN_OR_RETURN(readers[day], ReadersOn(day, views));
  }
  RETURN_IF_ERROR(Add(batch_id, views, readers));
  return redis_.Pipeline({{"DEL", BatchKey(batch_id)}, {"SREM", kBatches, batch_id}}).status();
}

absl::Status ViewCounter::SettlePending() {
  Flush();
  Counts pending;
  {
    absl::MutexLock lock(&mu_);
    pending.swap(pending_);
  }
  if (pending.empty()) return absl::OkStatus();
  return Add(NewUuid(clock_.Now()), pending, {});
}

absl::Status ViewCounter::Add(const std::string& batch_id, const Counts& views,
                              const ReadersByDay& readers) {
  bool added = false;
  RETURN_IF_ERROR(RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    tx.exec(kLock);
    const pqxx::result claimed = tx.Exec(
        "INSERT INTO view_flush (batch_id, settle_time) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        batch_id, SqlTime(clock_.Now()));
    added = claimed.affected_rows() > 0;
    if (!added || views.empty()) return absl::OkStatus();
    const auto [posts, counts] = Arrays(views);
    tx.Exec(kAddViews, posts, counts);
    for (const auto& [day, by_post] : readers) {
      const auto [read_posts, read_counts] = Arrays(by_post);
      tx.Exec(kAddReaders, read_posts, read_counts, day);
    }
    return absl::OkStatus();
  }));
  if (added) {
    for (const auto& [post, count] : views) settled_.Increment(static_cast<double>(count));
  }
  return absl::OkStatus();
}

absl::StatusOr<ViewCounter::Counts> ViewCounter::ReadersOn(const std::string& day,
                                                           const Counts& views) {
  Counts readers;
  if (views.empty()) return readers;
  std::vector<std::vector<std::string>> commands;
  for (const auto& [post, count] : views) {
    commands.push_back({"PFCOUNT", ReadersKey(day, post)});
    commands.push_back({"EXPIRE", ReadersKey(day, post), absl::StrCat(kKeepSeconds), "NX"});
  }
  ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, redis_.Pipeline(commands));
  size_t next = 0;
  for (const auto& [post, count] : views) {
    readers[post] = replies[next].integer;
    next += 2;
  }
  return readers;
}

absl::Status PurgeViews(PgPool& pool, absl::Time now) {
  absl::Status status = Purge(pool, "view_flush", "settle_time", now - absl::Hours(24 * 7));
  // Also if that failed. Keeps the readers of a day for 31 days after its end.
  status.Update(Purge(pool, "post_readers", "day", now - absl::Hours(24 * 32)));
  return status;
}

}  // namespace rostrum::content
