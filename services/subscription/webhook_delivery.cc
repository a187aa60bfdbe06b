#include "services/subscription/webhook_delivery.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/curl/curl.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/subscription/webhook_signature.h"

namespace rostrum::subscription {
namespace {

constexpr absl::Duration kLease = absl::Seconds(30);
constexpr absl::Duration kPatience = absl::Hours(72);
constexpr absl::Duration kTimeout = absl::Seconds(5);

constexpr char kClaim[] = R"sql(
  UPDATE test_deliveries SET attempts = attempts + 1, next_time = $2
  WHERE event_id IN (SELECT event_id FROM test_deliveries WHERE next_time <= $1
                     ORDER BY next_time LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING event_id, body, attempts, create_time)sql";

// 1 s, 2 s, 4 s, ... at most 5 minutes.
absl::Duration Backoff(int attempts) {
  return std::min(absl::Seconds(1 << std::min(attempts - 1, 16)), absl::Minutes(5));
}

}  // namespace

WebhookDelivery::WebhookDelivery(PgPool& pool, std::string url, std::string secret, Clock& clock)
    : pool_(pool), url_(std::move(url)), secret_(std::move(secret)), clock_(clock) {}

absl::Status WebhookDelivery::DeliverDue() {
  while (!stopping_) {
    // One at a time: if the address hangs, a shutdown waits for one delivery only.
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
  CurlList headers;
  Append(headers, "Content-Type: application/json");
  Append(headers, absl::StrCat("Rostrum-Signature: ", SignWebhook(secret_, body, clock_.Now())));
  const Curl curl = NewCurl(url_, "http,https", kTimeout);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  PostBody(curl, body);
  const CURLcode result = curl_easy_perform(curl.get());
  if (result != CURLE_OK) return Unavailable(curl_easy_strerror(result));
  const long code = ResponseCode(curl);
  if (code < 200 || code > 299) return Unavailable(absl::StrCat("HTTP status ", code));
  return absl::OkStatus();
}

}  // namespace rostrum::subscription
