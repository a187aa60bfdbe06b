#include "services/common/base/process_metrics.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "services/common/base/metric_family.h"
#include "services/common/base/version.h"

namespace rostrum {
namespace {

const CounterFamily kCpu{"process_cpu_seconds_total",
                         "User and system CPU time that the process has taken."};
const GaugeFamily kResident{"process_resident_memory_bytes", "Memory of the process in RAM."};
const GaugeFamily kVirtual{"process_virtual_memory_bytes", "Address space of the process."};
const GaugeFamily kOpenFds{"process_open_fds", "File descriptors that are open."};
const GaugeFamily kMaxFds{"process_max_fds", "File descriptors that may be open."};
const GaugeFamily kThreads{"process_threads", "Threads of the process."};
const GaugeFamily kStart{"process_start_time_seconds",
                         "When the process started, in seconds since 1970."};
const GaugeFamily kBuild{"build_info", "Always 1; the version is the label.", {"version"}};

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The fields of /proc/self/stat after the command (which may contain spaces and brackets).
// The first of them is field 3 of proc(5).
std::vector<std::string> StatFields() {
  const std::string text = ReadAll("/proc/self/stat");
  const size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  return absl::StrSplit(text.substr(end + 1), ' ', absl::SkipWhitespace());
}

double NumberAt(const std::vector<std::string>& fields, size_t index) {
  double number = 0;
  return index < fields.size() && absl::SimpleAtod(fields[index], &number) ? number : 0;
}

// When the machine was booted, by the clock as it is set now.
std::optional<double> BootTime() {
  for (const absl::string_view line : absl::StrSplit(ReadAll("/proc/stat"), '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    double seconds = 0;
    if (words.size() == 2 && words[0] == "btime" && absl::SimpleAtod(words[1], &seconds)) {
      return seconds;
    }
  }
  return std::nullopt;
}

double OpenFds() {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (error) return 0;
  return static_cast<double>(std::distance(begin(files), end(files)) -
                             1);  // without the handle of the folder itself
}

prometheus::MetricFamily Family(const MetricFamily& declared, prometheus::ClientMetric metric) {
  const bool is_counter = declared.type() == MetricFamily::Type::kCounter;
  return {declared.name(),
          declared.help(),
          is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge,
          {std::move(metric)}};
}

prometheus::MetricFamily Gauge(const GaugeFamily& declared, double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  return Family(declared, std::move(metric));
}

prometheus::MetricFamily Cpu(double seconds) {
  prometheus::ClientMetric metric;
  metric.counter.value = seconds;
  return Family(kCpu, std::move(metric));
}

prometheus::MetricFamily Build() {
  prometheus::ClientMetric metric;
  metric.label = {{"version", kVersion}};
  metric.gauge.value = 1;
  return Family(kBuild, std::move(metric));
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics() {
  std::vector<prometheus::MetricFamily> families = {Build(), Gauge(kOpenFds, OpenFds())};
  timespec cpu{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0) {
    families.push_back(
        Cpu(static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) / 1e9));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(Gauge(kMaxFds, static_cast<double>(limit.rlim_cur)));
  }
  const std::vector<std::string> stat = StatFields();
  if (stat.size() < 22) return families;
  families.push_back(Gauge(kThreads, NumberAt(stat, 17)));
  families.push_back(Gauge(kVirtual, NumberAt(stat, 20)));
  families.push_back(
      Gauge(kResident, NumberAt(stat, 21) * static_cast<double>(sysconf(_SC_PAGESIZE))));
  if (const std::optional<double> boot = BootTime()) {
    families.push_back(
        Gauge(kStart, *boot + NumberAt(stat, 19) / static_cast<double>(sysconf(_SC_CLK_TCK))));
  }
  return families;
}

}  // namespace rostrum
