#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/base/clock.h"
#include "services/common/base/metrics.h"
#include "services/common/base/worker.h"
#include "services/common/postgres/pool.h"
#include "services/common/redis/redis.h"
#include "services/content/reader_access.h"

namespace rostrum::content {

// Counts views in Redis and settles them into PostgreSQL. Thread-safe.
//
// Keys, all with the hash tag {views}:
//   {views}:current            hash, views by post since the last settlement
//   {views}:batch:<uuid>       such a hash on its way into PostgreSQL
//   {views}:batches            the uuids of those
//   {views}:salt:<day>         a random key of the day, gone after two
//   {views}:readers:<day>:<post>  HyperLogLog of readers under that key
//
// A batch is added in one transaction that also records its uuid, so a crash at any point
// neither loses nor doubles it. What can be lost or doubled:
// - A kill of this process loses the views in its memory, a fifth of a second of them.
// - A kill of Redis loses what its append-only file lacked, up to a second. If it forgot
//   that a batch was cut off, those views would be counted twice: in PostgreSQL and in the
//   next batch. So a batch is added only when it is some seconds old.
// Nobody can find out who read a post: the sketch cannot be searched for a reader, and its
// key is deleted.
class ViewCounter {
 public:
  ViewCounter(Redis& redis, PgPool& pool, Clock& clock, Metrics& metrics);
  // Flushes.
  ~ViewCounter();

  struct View {
    PostId post_id;
    Reader reader;
  };
  // Counts views, and each reader once a day. Views are gathered for a moment and counted
  // together, so that no reader waits. While Redis is unavailable, or slower than views
  // come, their number is kept in memory and their readers are not counted.
  void Count(std::vector<View> views);
  // Counts the gathered views now.
  void Flush();

  // A batch of this age is surely in Redis's append-only file, which is written every
  // second.
  static constexpr absl::Duration kKeptSafe = absl::Seconds(3);
  // Flushes, cuts off a batch, and adds the batches that are at least `age` old to
  // PostgreSQL.
  absl::Status Settle(absl::Duration age = kKeptSafe);
  // For a shutdown while Redis is unavailable: adds the views that wait in memory to
  // PostgreSQL.
  absl::Status SettlePending();

 private:
  using Counts = std::map<std::string, int64_t>;  // by post
  // The views of a post, and the sketch elements of the readers to be counted.
  struct Tally {
    int64_t views = 0;
    std::vector<std::string> readers;
  };
  using Tallies = std::map<std::string, Tally>;  // by post

  // Views of one day, on their way to Redis.
  struct Waiting {
    std::string day;
    std::vector<View> views;
  };
  void CountInRedis(Waiting waiting);
  static RedisScript::Call CallFor(const std::string& day, const Tallies& tallies);
  // True if Redis counted them or may have.
  bool Counted(const std::string& day, const Tallies& tallies);
  // Keeps only their number, until the next settlement.
  void AddPending(const std::string& post, int64_t views) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // The sketch element of a reader today, or empty if Redis is unavailable.
  std::string ReaderElement(const Reader& reader, const std::string& day);
  absl::StatusOr<std::string> SaltOf(const std::string& day);
  void FlushPending();
  // Cuts off a batch, and returns the ids of all batches.
  absl::StatusOr<std::vector<std::string>> Batches();
  absl::Status SettleBatch(const std::string& batch_id);
  using ReadersByDay = std::map<std::string, Counts>;
  // Adds a batch to PostgreSQL, once.
  absl::Status Add(const std::string& batch_id, const Counts& views, const ReadersByDay& readers);
  absl::StatusOr<Counts> ReadersOn(const std::string& day, const Counts& views);

  Redis& redis_;
  PgPool& pool_;
  Clock& clock_;
  prometheus::Counter& counted_;
  prometheus::Counter& settled_;
  const RedisScript count_;
  const RedisScript cut_;
  absl::Mutex flush_mu_;  // locked before mu_; one flush at a time reaches Redis
  absl::Mutex mu_;
  std::vector<Waiting> waiting_ ABSL_GUARDED_BY(mu_);
  size_t waiting_views_ ABSL_GUARDED_BY(mu_) = 0;
  Counts pending_ ABSL_GUARDED_BY(mu_);
  std::string salt_day_ ABSL_GUARDED_BY(mu_);
  std::string salt_ ABSL_GUARDED_BY(mu_);
  Worker flusher_;  // last: it uses all of the above
};

// Deletes the records of settled batches after 7 days and of daily readers after 31, in
// transactions of its own.
absl::Status PurgeViews(PgPool& pool, absl::Time now);

}  // namespace rostrum::content
