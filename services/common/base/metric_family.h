#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

namespace rostrum {

// The declaration of a metric: a constant beside the code that counts. A metric
// cannot be made without one, so what `rostrum-<x> metrics` prints is what the
// binary exports. Names are snake_case with the unit as suffix; labels never
// hold ids or raw paths.
//
//   const CounterFamily kPublished{"posts_published_total", "Posts published."};
//   const CounterFamily kLogins{"logins_total", "Logins, by outcome.", {"outcome"}};
class MetricFamily {
 public:
  enum class Type { kCounter, kGauge, kHistogram, kSummary };
  MetricFamily(const MetricFamily&) = delete;
  MetricFamily& operator=(const MetricFamily&) = delete;

  // Every family declared in this binary, by name.
  static std::vector<const MetricFamily*> All();

  Type type() const { return type_; }
  std::string name() const { return name_; }
  std::string help() const { return help_; }
  // The names of the labels.
  std::vector<std::string> labels() const;

 protected:
  MetricFamily(Type type, const char* name, const char* help,
               std::initializer_list<const char*> labels);
  ~MetricFamily() = default;

 private:
  // Members without destructors, so that a thread that still counts while the process exits
  // can read them.
  const Type type_;
  const char* const name_;
  const char* const help_;
  std::array<const char*, 4> labels_{};
  const MetricFamily* const next_;  // declared before this one
};

class CounterFamily final : public MetricFamily {
 public:
  CounterFamily(const char* name, const char* help, std::initializer_list<const char*> labels = {})
      : MetricFamily(Type::kCounter, name, help, labels) {}
};
class GaugeFamily final : public MetricFamily {
 public:
  GaugeFamily(const char* name, const char* help, std::initializer_list<const char*> labels = {})
      : MetricFamily(Type::kGauge, name, help, labels) {}
};
// Of durations in seconds.
class HistogramFamily final : public MetricFamily {
 public:
  HistogramFamily(const char* name, const char* help,
                  std::initializer_list<const char*> labels = {})
      : MetricFamily(Type::kHistogram, name, help, labels) {}
};
// Filled in by a library; declared here so that `metrics` lists it.
class SummaryFamily final : public MetricFamily {
 public:
  SummaryFamily(const char* name, const char* help, std::initializer_list<const char*> labels = {})
      : MetricFamily(Type::kSummary, name, help, labels) {}
};

// A JSON array of {"name","type","help","labels"}, one family a line.
std::string MetricFamiliesJson();

}  // namespace rostrum
