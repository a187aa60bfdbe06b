#include "gateway/transcoding/text_value.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::TimeUtil;

constexpr size_t kMaxMaskPaths = 100;

// Digits with an optional '-', nothing else: no blanks, no '+', no exponent.
template <class Int>
std::optional<Int> ParseInteger(const std::string& text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (text.size() == (negative ? 1u : 0u)) return std::nullopt;
  for (size_t i = negative ? 1 : 0; i < text.size(); ++i) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(text[i]))) return std::nullopt;
  }
  Int value = 0;
  if (!absl::SimpleAtoi(text, &value)) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(const std::string& text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string::npos ||
      text[0] == '+') {
    return std::nullopt;
  }
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<float> ParseFloat(const std::string& text) {
  const std::optional<double> value = ParseDouble(text);
  if (value && std::isfinite(*value) && std::fabs(*value) > std::numeric_limits<float>::max()) {
    return std::nullopt;
  }
  return value ? std::optional<float>(static_cast<float>(*value)) : std::nullopt;
}

std::optional<bool> ParseBool(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

// Base64 in both alphabets, padded or not.
std::optional<std::string> ParseBytes(std::string text) {
  for (char& c : text) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
    const bool known =
        absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/' || c == '=';
    if (!known) return std::nullopt;
  }
  std::string bytes;
  if (!absl::Base64Unescape(text, &bytes)) return std::nullopt;
  return bytes;
}

const EnumValueDescriptor* ParseEnum(const FieldDescriptor& field, const std::string& text) {
  if (const auto* value = field.enum_type()->FindValueByName(text)) return value;
  const std::optional<int32_t> number = ParseInteger<int32_t>(text);
  return number ? field.enum_type()->FindValueByNumber(*number) : nullptr;
}

// Whether the names are the same after conversion to JSON names and back: "picture.alt_text", or
// "*". "a_b_c" is not: capitals in a row are read as one word.
bool IsMaskPath(absl::string_view path) {
  if (path == "*") return true;
  char before = '.';
  char before_that = '.';
  for (const char c : path) {
    const bool after_word = absl::ascii_isalnum(static_cast<unsigned char>(before));
    if (!absl::ascii_islower(static_cast<unsigned char>(c)) && !after_word) return false;
    if (c == '_' && before_that == '_') return false;
    before_that = before;
    before = c;
  }
  return absl::ascii_isalnum(static_cast<unsigned char>(before));
}

// "displayName,picture.altText", in JSON names or proto names.
bool ParseFieldMask(const std::string& text, google::protobuf::FieldMask& mask) {
  if (text.empty()) return true;
  const std::vector<absl::string_view> paths = absl::StrSplit(text, ',');
  if (paths.size() > kMaxMaskPaths) return false;
  for (absl::string_view path : paths) {
    std::string snake;
    for (char c : path) {
      const auto u = static_cast<unsigned char>(c);
      if (!absl::ascii_isalnum(u) && c != '_' && c != '.' && c != '*') return false;
      if (absl::ascii_isupper(u)) snake.push_back('_');
      snake.push_back(absl::ascii_tolower(u));
    }
    if (!IsMaskPath(snake)) return false;
    mask.add_paths(snake);
  }
  return true;
}

bool HasBlank(const std::string& text) {
  return text.find_first_of(" \t\r\n") != std::string::npos;
}

template <class T>
bool CopyInto(Message& message, const T& value) {
  // The same type, or one of another descriptor pool.
  return message.ParsePartialFromString(value.SerializeAsString());
}

bool SetTextMessage(Message& message, const std::string& text) {
  const std::string& type = message.GetDescriptor()->full_name();
  if (type == "google.protobuf.Timestamp") {
    google::protobuf::Timestamp value;
    return !HasBlank(text) && TimeUtil::FromString(text, &value) && CopyInto(message, value);
  }
  if (type == "google.protobuf.Duration") {
    google::protobuf::Duration value;
    return !HasBlank(text) && TimeUtil::FromString(text, &value) && CopyInto(message, value);
  }
  if (type == "google.protobuf.FieldMask") {
    google::protobuf::FieldMask value;
    return ParseFieldMask(text, value) && CopyInto(message, value);
  }
  return SetTextValue(message, *message.GetDescriptor()->FindFieldByNumber(1), text);
}

// Calls the setter, or the adder of a repeated field, when there is a value.
template <class T, class Set, class Add>
bool Put(const std::optional<T>& value, const FieldDescriptor& field, Set set, Add add) {
  if (!value) return false;
  field.is_repeated() ? add(*value) : set(*value);
  return true;
}

}  // namespace

bool IsTextMessage(const Descriptor& message) {
  switch (message.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_DOUBLEVALUE:
    case Descriptor::WELLKNOWNTYPE_FLOATVALUE:
    case Descriptor::WELLKNOWNTYPE_INT64VALUE:
    case Descriptor::WELLKNOWNTYPE_UINT64VALUE:
    case Descriptor::WELLKNOWNTYPE_INT32VALUE:
    case Descriptor::WELLKNOWNTYPE_UINT32VALUE:
    case Descriptor::WELLKNOWNTYPE_STRINGVALUE:
    case Descriptor::WELLKNOWNTYPE_BYTESVALUE:
    case Descriptor::WELLKNOWNTYPE_BOOLVALUE:
    case Descriptor::WELLKNOWNTYPE_DURATION:
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
    case Descriptor::WELLKNOWNTYPE_FIELDMASK: return true;
    default: return false;
  }
}

bool SetTextValue(Message& message, const FieldDescriptor& field, const std::string& text) {
  const Reflection& r = *message.GetReflection();
  Message* m = &message;
  const FieldDescriptor* f = &field;
  const auto put = [&](auto value, auto set, auto add) {
    return Put(
        value, field, [&](const auto& v) { (r.*set)(m, f, v); },
        [&](const auto& v) { (r.*add)(m, f, v); });
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return put(ParseInteger<int32_t>(text), &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return put(ParseInteger<int64_t>(text), &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return put(ParseInteger<uint32_t>(text), &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return put(ParseInteger<uint64_t>(text), &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return put(ParseDouble(text), &Reflection::SetDouble, &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return put(ParseFloat(text), &Reflection::SetFloat, &Reflection::AddFloat);
    case FieldDescriptor::CPPTYPE_BOOL:
      return put(ParseBool(text), &Reflection::SetBool, &Reflection::AddBool);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* value = ParseEnum(field, text);
      if (value == nullptr) return false;
      field.is_repeated() ? r.AddEnum(m, f, value) : r.SetEnum(m, f, value);
      return true;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::optional<std::string> value =
          field.type() == FieldDescriptor::TYPE_BYTES ? ParseBytes(text) : text;
      if (!value) return false;
      field.is_repeated() ? r.AddString(m, f, std::move(*value))
                          : r.SetString(m, f, std::move(*value));
      return true;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetTextMessage(field.is_repeated() ? *r.AddMessage(m, f) : *r.MutableMessage(m, f),
                            text);
  }
  return false;
}

std::string TextForm(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return "an integer of 32 bits";
    case FieldDescriptor::CPPTYPE_INT64: return "an integer of 64 bits";
    case FieldDescriptor::CPPTYPE_UINT32: return "an integer of 32 bits, not negative";
    case FieldDescriptor::CPPTYPE_UINT64: return "an integer of 64 bits, not negative";
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT: return "a number";
    case FieldDescriptor::CPPTYPE_BOOL: return "true or false";
    case FieldDescriptor::CPPTYPE_ENUM: return "a value of " + field.enum_type()->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? "base64" : "a string";
    case FieldDescriptor::CPPTYPE_MESSAGE: break;
  }
  switch (field.message_type()->well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP: return "a time such as 2026-01-31T12:00:00Z";
    case Descriptor::WELLKNOWNTYPE_DURATION: return "a duration such as 1.5s";
    case Descriptor::WELLKNOWNTYPE_FIELDMASK: return "field names with commas between them";
    default: break;
  }
  const FieldDescriptor* value = field.message_type()->FindFieldByNumber(1);
  return IsTextMessage(*field.message_type()) && value != nullptr ? TextForm(*value) : "an object";
}

}  // namespace rostrum::gateway
