#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pqxx/pqxx"

namespace rostrum {

// Conversions between C++ values and those of PostgreSQL that libpqxx 6 does not have.

// A timestamptz parameter, to the microsecond.
std::string SqlTime(absl::Time time);
std::optional<std::string> SqlTime(const std::optional<absl::Time>& time);
// A timestamptz column.
absl::Time ReadTime(const pqxx::field& field);
std::optional<absl::Time> ReadOptionalTime(const pqxx::field& field);

inline std::string ReadText(const pqxx::field& field) { return field.as<std::string>(); }
template <class IdType>
IdType ReadId(const pqxx::field& field) {
  return IdType(field.as<std::string>());
}
// A nullable column (field.as<std::optional<T>> throws on NULL in libpqxx 6).
template <class IdType>
std::optional<IdType> ReadOptionalId(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return IdType(field.as<std::string>());
}

// bytea, both ways.
inline pqxx::binarystring SqlBytes(const std::string& bytes) {
  return pqxx::binarystring(bytes.data(), bytes.size());
}
std::string ReadBytes(const pqxx::field& field);

// An array parameter of any type that is written as text (text[], uuid[], integer[], ...):
// "{...}" with every element quoted.
std::string SqlArray(const std::vector<std::string>& elements);
// A bytea[] parameter.
std::string SqlBytesArray(const std::vector<std::string>& elements);
// A text[] or uuid[] column without NULLs.
std::vector<std::string> ReadArray(const pqxx::field& field);

}  // namespace rostrum
