#include "services/subscription/webhook_delivery.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/subscription/webhook_signature.h"

namespace rostrum::subscription {
namespace {

constexpr absl::Duration kLease = absl::Seconds(30);
constexpr absl::Duration kPatience = absl::Hours(72);
constexpr long kTimeoutMilliseconds = 5000;

constexpr char kClaim[] = R"sql(
  UPDATE test_deliveries SET attempts = attempts + 1, next_time = $2
  WHERE event_id IN (SELECT event_id FROM test_deliveries WHERE next_time <= $1
                     ORDER BY next_time LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING event_id, body, attempts, create_time)sql";

struct CurlDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

size_t Ignore(char*, size_t size, size_t count, void*) { return size * count; }

// 1 s, 2 s, 4 s, ... at most 5 minutes.
absl::Duration Backoff(int attempts) {
  return std::min(absl::Seconds(1 << std::min(attempts - 1, 16)), absl::Minutes(5));
}

}  // namespace

WebhookDelivery::WebhookDelivery(PgPool& pool, std::string url, std::string secret, Clock& clock)
    : pool_(pool), url_(std::move(url)), secret_(std::move(secret)), clock_(clock) {
  static std::once_flag initialised;
  std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

absl::Status WebhookDelivery::DeliverDue() {
  while (!stopping_) {
    // One at a time: an address that hangs holds a stop up for one only.
    ASSIGN_OR_RETURN(const std::optional<Delivery> due, Claim());
    if (!due.has_value()) return absl::OkStatus();
    RETURN_IF_ERROR(Deliver(*due));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<WebhookDelivery::Delivery>> WebhookDelivery::Claim() {
  const absl::Time now = clock_.Now();
  return RunTx<std::optional<Delivery>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::optional<Delivery>> {
        const pqxx::result rows = tx.Exec(kClaim, SqlTime(now), SqlTime(now + kLease));
        if (rows.empty()) return std::optional<Delivery>();
        const pqxx::row row = rows[0];
        return Delivery{ReadText(row[0]), ReadText(row[1]), row[2].as<int>(), ReadTime(row[3])};
      });
}

absl::Status WebhookDelivery::Deliver(const Delivery& delivery) {
  const absl::Status posted = Post(delivery.body);
  const bool done = posted.ok() || clock_.Now() - delivery.create_time > kPatience;
  if (!posted.ok()) {
    LogWarning("a webhook was not taken",
               {{"why", posted.message()}, {"attempts", delivery.attempts}, {"dropped", done}});
  }
  return RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    if (done) {
      tx.Exec("DELETE FROM test_deliveries WHERE event_id = $1", delivery.id);
    } else {
      tx.Exec("UPDATE test_deliveries SET next_time = $2 WHERE event_id = $1", delivery.id,
              SqlTime(clock_.Now() + Backoff(delivery.attempts)));
    }
    return absl::OkStatus();
  });
}

absl::Status WebhookDelivery::Post(const std::string& body) {
  const std::unique_ptr<CURL, CurlDeleter> curl(curl_easy_init());
  if (curl == nullptr) return Unavailable("out of memory");
  std::unique_ptr<curl_slist, ListDeleter> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"));
  headers.reset(curl_slist_append(
      headers.release(),
      absl::StrCat("Rostrum-Signature: ", SignWebhook(secret_, body, clock_.Now())).c_str()));
  CURL* const c = curl.get();
  curl_easy_setopt(c, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, kTimeoutMilliseconds);
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, Ignore);
  const CURLcode result = curl_easy_perform(c);
  if (result != CURLE_OK) return Unavailable(curl_easy_strerror(result));
  long code = 0;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
  if (code < 200 || code > 299) return Unavailable(absl::StrCat("HTTP status ", code));
  return absl::OkStatus();
}

}  // namespace rostrum::subscription
