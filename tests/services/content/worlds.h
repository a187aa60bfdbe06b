#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "content_migrations.h"
#include "gtest/gtest.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/content/cached_post_store.h"
#include "services/content/postgres_catalog_store.h"
#include "services/content/postgres_manuscript_store.h"
#include "services/content/postgres_post_store.h"
#include "tests/services/content/fake_post_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/in_parallel.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::content {

// Both have the three stores on the same data; contract tests run on each.

struct FakeWorld {
  FakeCatalogStore catalog;
  FakeManuscriptStore manuscripts{catalog};
  FakePostStore posts{manuscripts, catalog};

  void AddPicture(const MediaId& id) { catalog.pictures.insert(id); }
};

struct PostgresWorld {
  TestDatabase database{MigrationsOf("content", migrations::Files())};
  OutboxSignal signal;
  PostgresCatalogStore catalog{database.pool};
  Metrics metrics;
  PostgresManuscriptStore manuscripts{database.pool, signal, metrics};
  PostgresPostStore stored_posts{database.pool};
  FakeClock clock{absl::FromUnixSeconds(1'700'000'000)};
  CachedPostStore posts{stored_posts, 1 << 20, /*lease=*/absl::ZeroDuration(), clock};

  // A picture of 640 x 480.
  void AddPicture(const MediaId& id) {
    Execute("INSERT INTO media VALUES ('" + id.value() + "', 640, 480, 'image/webp', '" +
            id.value() + "', now())");
  }
  void Execute(const std::string& sql) { rostrum::Execute(database.pool, sql); }
  // The first column of what a query finds.
  std::vector<std::string> Query(const std::string& sql) {
    return RunRead<std::vector<std::string>>(
               database.pool,
               [&](Transaction& tx) -> absl::StatusOr<std::vector<std::string>> {
                 std::vector<std::string> values;
                 for (const pqxx::row& row : tx.exec(sql)) values.push_back(ReadText(row[0]));
                 return values;
               })
        .value();
  }
  // How often events were written, by type and key: "PostPublished <id>".
  std::map<std::string, int> Events() {
    std::map<std::string, int> counts;
    for (const std::string& event : Query("SELECT type || ' ' || key FROM outbox")) {
      ++counts[event.substr(event.rfind('.') + 1)];
    }
    return counts;
  }
};

inline const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
inline const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
inline const AccountId kBert("00000000-0000-7000-8000-00000000000b");
inline const MediaId kPhoto("00000000-0000-8000-8000-0000000000f0");

// The key of a request; without an id it may be repeated at will.
inline IdempotencyKey Key(const std::string& request_id = "", const std::string& hash = "h") {
  return {.caller = "account:a",
          .method = "Create",
          .request_id = request_id,
          .request_hash = hash,
          .now = kNoon};
}

// A channel, two authors (of Anna, of Bert) and a topic.
template <class World>
struct Setting {
  explicit Setting(World& world) {
    channel = world.catalog.CreateChannel(NewChannel("news"), Key()).value();
    anna = world.catalog.CreateAuthor(NewAuthor("anna", kAnna), Key()).value();
    bert = world.catalog.CreateAuthor(NewAuthor("bert", kBert), Key()).value();
    topic = world.catalog.CreateTopic(NewTopic("law"), Key()).value();
  }
  static Channel NewChannel(const std::string& slug) {
    return {
        .id = ChannelId(NewUuid(kNoon)), .slug = slug, .display_name = slug, .create_time = kNoon};
  }
  static Author NewAuthor(const std::string& slug, const AccountId& account_id) {
    return {.id = AuthorId(NewUuid(kNoon)),
            .slug = slug,
            .display_name = slug,
            .account_id = account_id};
  }
  static Topic NewTopic(const std::string& slug) {
    return {.id = TopicId(NewUuid(kNoon)), .slug = slug, .display_name = slug};
  }
  // A draft of Anna's, not stored yet.
  Manuscript Draft(const std::string& title, const std::string& slug = "",
                   absl::Time time = kNoon) const {
    Manuscript manuscript{.id = PostId(NewUuid(time)),
                          .create_time = time,
                          .update_time = time,
                          .text_time = time,
                          .text_account_id = kAnna};
    manuscript.content = {.slug = slug,
                          .title = title,
                          .markdown = "The text of " + title,
                          .body_html = "<p>The text of " + title + "</p>\n",
                          .preview_html = "<p>The preview</p>\n",
                          .word_count = 4,
                          .channel_id = channel.id,
                          .author_id = anna.id};
    return manuscript;
  }

  Channel channel;
  Author anna, bert;
  Topic topic;
};

// Makes a new version of a channel.
template <class World, class F>
void ChangeChannel(World& world, const ChannelId& id, F change) {
  const auto changed = world.catalog.UpdateChannel(id, [&](Channel& channel) {
    change(channel);
    ++channel.version;
    return absl::OkStatus();
  });
  ASSERT_TRUE(changed.ok()) << changed.status();
}

// Stores a post that was published at `time`.
template <class World>
Manuscript StorePublished(World& world, const Manuscript& draft, absl::Time time = kNoon) {
  const Manuscript created = world.manuscripts.Create(draft, Key()).value();
  return world.manuscripts
      .Update(created.id,
              [&](Manuscript& stored) { return Publish(stored, std::nullopt, "", time); })
      .value();
}

}  // namespace rostrum::content
