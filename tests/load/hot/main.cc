// The functions that every request goes through: `make bench-hot`.

#include "benchmark/benchmark.h"
#include "services/common/base/process.h"

int main(int argc, char** argv) {
  rostrum::InitProcess("bench");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
}
