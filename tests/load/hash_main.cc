// Argon2id alone, as account makes it: hashes a second on THREADS threads.
//
// usage: bench_hash THREADS SECONDS

#include <cstdlib>
#include <iostream>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "services/account/password_hasher.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: bench_hash THREADS SECONDS\n";
    return 2;
  }
  const int threads = std::atoi(argv[1]);
  rostrum::Metrics metrics;
  rostrum::account::PasswordHasher hasher({.threads = threads}, metrics);
  const absl::StatusOr<std::string> hash = hasher.Hash("correct horse battery staple");
  if (!hash.ok()) return 1;
  const absl::Time begin = absl::Now();
  const absl::Time end = begin + absl::Seconds(std::atoi(argv[2]));
  std::vector<int> counts(threads);
  std::vector<std::thread> callers;
  for (int& count : counts) {
    callers.emplace_back([&] {
      while (absl::Now() < end) {
        if (hasher.Verify("correct horse battery staple", *hash).ok()) ++count;
      }
    });
  }
  int all = 0;
  for (int i = 0; i < threads; ++i) {
    callers[i].join();
    all += counts[i];
  }
  std::cout << all / absl::ToDoubleSeconds(absl::Now() - begin) << "\n";
}
