#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "gateway/proxy/stored_response.h"
#include "services/common/base/lru_cache.h"

namespace rostrum::gateway {

// Responses that were made of shared answers, the last for each key. Thread-safe.
class MadeResponses {
 public:
  explicit MadeResponses(size_t max_bytes) : made_(max_bytes) {}

  // Null unless the last under `key` was made of the answers with these numbers
  // (SharedAnswer::number).
  StoredResponsePtr Find(const std::string& key, const std::string& numbers) {
    const std::shared_ptr<const Made> made = made_.Find(key);
    return made != nullptr && made->numbers == numbers ? made->response : nullptr;
  }
  void Keep(const std::string& key, std::string numbers, StoredResponsePtr response) {
    const size_t bytes = numbers.size() + response->bytes();
    made_.Put(key, std::make_shared<const Made>(Made{std::move(numbers), std::move(response)}),
              bytes);
  }

 private:
  struct Made {
    std::string numbers;
    StoredResponsePtr response;
  };
  LruCache<std::shared_ptr<const Made>> made_;
};

}  // namespace rostrum::gateway
