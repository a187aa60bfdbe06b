#include "services/common/postgres/fields.h"

#include <stdexcept>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace rostrum {

std::string SqlTime(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%d %H:%M:%E6S+00", time, absl::UTCTimeZone());
}

std::optional<std::string> SqlTime(const std::optional<absl::Time>& time) {
  if (!time.has_value()) return std::nullopt;
  return SqlTime(*time);
}

absl::Time ReadTime(const pqxx::field& field) {
  absl::Time time;
  std::string error;
  // Sessions have TimeZone UTC, so the offset is always +00.
  if (!absl::ParseTime("%Y-%m-%d %H:%M:%E*S+00", field.c_str(), absl::UTCTimeZone(), &time,
                       &error)) {
    throw std::runtime_error(absl::StrCat("not a UTC timestamp: ", error));
  }
  return time;
}

std::optional<absl::Time> ReadOptionalTime(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return ReadTime(field);
}

std::string ReadBytes(const pqxx::field& field) { return pqxx::binarystring(field).str(); }

std::string SqlArray(const std::vector<std::string>& elements) {
  std::string array = "{";
  for (const std::string& element : elements) {
    if (array.size() > 1) array += ',';
    array += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

std::string SqlBytesArray(const std::vector<std::string>& elements) {
  std::vector<std::string> texts;
  texts.reserve(elements.size());
  for (const std::string& element : elements) {
    texts.push_back(absl::StrCat("\\x", absl::BytesToHexString(element)));
  }
  return SqlArray(texts);
}

std::vector<std::string> ReadArray(const pqxx::field& field) {
  std::vector<std::string> elements;
  pqxx::array_parser parser = field.as_array();
  for (auto item = parser.get_next(); item.first != pqxx::array_parser::done;
       item = parser.get_next()) {
    if (item.first == pqxx::array_parser::string_value) elements.push_back(item.second);
  }
  return elements;
}

}  // namespace rostrum
