#pragma once

#include <atomic>
#include <cstddef>

namespace rostrum::http {

// A limit on the memory that all bodies of one kind hold together. Thread-safe.
class BodyMemory {
 public:
  explicit BodyMemory(size_t most) : most_(most) {}

  // The memory of one body, given back when destroyed. It grows with the bytes that have
  // arrived: a client that announces a large body and sends none takes no memory from
  // others.
  class Share {
   public:
    explicit Share(BodyMemory& memory) : memory_(memory) {}
    ~Share() { memory_.used_ -= taken_; }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Whether there is room for so many bytes at this moment.
    bool Fits(size_t bytes) const { return memory_.used_ + bytes <= memory_.most_; }
    // False, and nothing is taken, if there is none.
    bool Grow(size_t bytes) {
      if (memory_.used_.fetch_add(bytes) + bytes > memory_.most_) {
        memory_.used_ -= bytes;
        return false;
      }
      taken_ += bytes;
      return true;
    }

   private:
    BodyMemory& memory_;
    size_t taken_ = 0;
  };

 private:
  const size_t most_;
  std::atomic<size_t> used_ = 0;
};

}  // namespace rostrum::http
