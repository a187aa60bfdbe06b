#pragma once

#include <thread>
#include <vector>

namespace rostrum {

// Runs `work` in `count` threads at once.
template <class F>
void InParallel(int count, F work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace rostrum
