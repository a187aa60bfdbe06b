#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace rostrum {

// A cache of values by key that holds a bounded number of bytes; beyond it, the entry that
// was used least recently is dropped. `Value` is cheap to copy (a shared pointer).
// Thread-safe.
template <class Value>
class LruCache {
 public:
  explicit LruCache(size_t max_bytes) : max_bytes_(max_bytes) {}

  // A default Value if there is none.
  Value Find(const std::string& key) {
    absl::MutexLock lock(&mu_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return Value();
    order_.splice(order_.begin(), order_, found->second);
    return found->second->value;
  }

  void Put(const std::string& key, Value value, size_t bytes) {
    absl::MutexLock lock(&mu_);
    Remove(key);
    bytes += key.size() + kOverhead;
    if (bytes > max_bytes_) return;  // all others would go for it
    order_.push_front({key, std::move(value), bytes});
    entries_[key] = order_.begin();
    bytes_ += order_.front().bytes;
    while (bytes_ > max_bytes_) Remove(std::string(order_.back().key));
  }

  void Drop(const std::string& key) {
    absl::MutexLock lock(&mu_);
    Remove(key);
  }

  void Clear() {
    absl::MutexLock lock(&mu_);
    entries_.clear();
    order_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr size_t kOverhead = 128;  // list and map nodes
  struct Entry {
    std::string key;
    Value value;
    size_t bytes;
  };

  void Remove(const std::string& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    bytes_ -= found->second->bytes;
    order_.erase(found->second);
    entries_.erase(found);
  }

  const size_t max_bytes_;
  absl::Mutex mu_;
  std::list<Entry> order_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, typename std::list<Entry>::iterator> entries_
      ABSL_GUARDED_BY(mu_);
  size_t bytes_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace rostrum
