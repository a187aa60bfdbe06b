#include "gateway/transcoding/json_checker.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gateway/transcoding/field_path.h"
#include "nlohmann/json.hpp"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;

absl::Status BadJson(absl::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_JSON", what);
}

// The kind of value that is allowed at a place.
struct Expected {
  enum class Kind { kScalar, kMessage, kList, kMap, kAnything } kind = Kind::kAnything;
  const Descriptor* message = nullptr;     // of kMessage
  const FieldDescriptor* field = nullptr;  // of kList and kMap: describes the elements
  bool null_allowed = true;
};

Expected ExpectElement(const FieldDescriptor& field) {
  if (field.message_type() == nullptr) return {Expected::Kind::kScalar, nullptr, nullptr, false};
  switch (field.message_type()->well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_ANY:
    case Descriptor::WELLKNOWNTYPE_STRUCT:
    case Descriptor::WELLKNOWNTYPE_VALUE:
    case Descriptor::WELLKNOWNTYPE_LISTVALUE: return {};
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      return {Expected::Kind::kMessage, field.message_type(), nullptr, false};
    default: return {Expected::Kind::kScalar, nullptr, nullptr, false};
  }
}

Expected ExpectField(const FieldDescriptor& field) {
  if (field.is_map()) return {Expected::Kind::kMap, nullptr, &field, true};
  if (field.is_repeated()) return {Expected::Kind::kList, nullptr, &field, true};
  Expected expected = ExpectElement(field);
  expected.null_allowed = true;
  return expected;
}

// An object or a list that is open. `key` or `index` is where in it we are.
struct Frame {
  Expected type;
  bool is_list = false;
  bool has_leaves = false;  // a message on a path of messages
  std::string key;
  int index = -1;
  absl::flat_hash_set<std::string> keys;  // proto names of a message, else as they are
};

class Checker final : public nlohmann::json_sax<json> {
 public:
  Checker(Expected root, std::string root_name, std::vector<std::string>* leaves)
      : next_(root), root_name_(std::move(root_name)), leaves_(leaves) {}

  absl::Status status() const { return status_; }

  bool null() override {
    if (!next_.null_allowed) return Refuse("INVALID_VALUE", "may not be null");
    return Scalar(Expected::Kind::kAnything);
  }
  bool boolean(bool) override { return Scalar(Expected::Kind::kScalar); }
  bool number_integer(number_integer_t) override { return Scalar(Expected::Kind::kScalar); }
  bool number_unsigned(number_unsigned_t) override { return Scalar(Expected::Kind::kScalar); }
  bool number_float(number_float_t, const string_t&) override {
    return Scalar(Expected::Kind::kScalar);
  }
  bool string(string_t& text) override {
    if (!IsCleanUtf8(text)) return Refuse("INVALID_VALUE", "holds a NUL");
    return Scalar(Expected::Kind::kScalar);
  }
  bool binary(binary_t&) override { return false; }

  bool start_object(size_t) override {
    if (next_.kind == Expected::Kind::kScalar || next_.kind == Expected::Kind::kList) {
      return Refuse("INVALID_VALUE", Wanted());
    }
    return Open(/*is_list=*/false);
  }
  bool start_array(size_t) override {
    if (next_.kind != Expected::Kind::kList && next_.kind != Expected::Kind::kAnything) {
      return Refuse("INVALID_VALUE", Wanted());
    }
    return Open(/*is_list=*/true);
  }
  bool end_object() override {
    // {} names no field inside, so the path of the message itself is the leaf.
    const bool is_leaf = frames_.back().has_leaves && frames_.back().keys.empty();
    frames_.pop_back();
    if (is_leaf) AddLeaf();
    return AfterValue();
  }
  bool end_array() override {
    frames_.pop_back();
    return AfterValue();
  }

  bool key(string_t& name) override {
    Frame& frame = frames_.back();
    frame.key = name;
    if (!IsCleanUtf8(name)) return Refuse("UNKNOWN_FIELD", "holds a NUL");
    if (frame.type.kind == Expected::Kind::kMessage) {
      const FieldDescriptor* field = FindField(*frame.type.message, name);
      if (field == nullptr) return Refuse("UNKNOWN_FIELD", "is no field here");
      frame.key = field->name();
      next_ = ExpectField(*field);
    } else if (frame.type.kind == Expected::Kind::kMap) {
      next_ = ExpectElement(*frame.type.field->message_type()->map_value());
    } else {
      next_ = {};
    }
    if (!frame.keys.insert(frame.key).second) return Refuse("DUPLICATE_FIELD", "comes twice");
    return true;
  }

  bool parse_error(size_t position, const std::string&, const json::exception&) override {
    status_ = BadJson(absl::StrCat("the body is not valid JSON near byte ", position));
    return false;
  }

 private:
  bool Scalar(Expected::Kind kind) {
    if (kind == Expected::Kind::kScalar && next_.kind != Expected::Kind::kScalar &&
        next_.kind != Expected::Kind::kAnything) {
      return Refuse("INVALID_VALUE", Wanted());
    }
    AddLeaf();
    return AfterValue();
  }

  bool Open(bool is_list) {
    if (static_cast<int>(frames_.size()) >= kMaxJsonDepth) {
      status_ = BadJson(absl::StrCat("the body is nested deeper than ", kMaxJsonDepth));
      return false;
    }
    const bool has_leaves = !is_list && next_.kind == Expected::Kind::kMessage &&
                            (frames_.empty() || frames_.back().has_leaves);
    if (!has_leaves) AddLeaf();
    frames_.push_back({.type = next_, .is_list = is_list, .has_leaves = has_leaves});
    if (is_list) return AfterValue();
    return true;
  }

  // In a list, the next element follows.
  bool AfterValue() {
    if (frames_.empty() || !frames_.back().is_list) return true;
    Frame& list = frames_.back();
    ++list.index;
    next_ = list.type.field != nullptr ? ExpectElement(*list.type.field) : Expected{};
    return true;
  }

  void AddLeaf() {
    if (leaves_ != nullptr && !frames_.empty() && frames_.back().has_leaves) {
      leaves_->push_back(Place(/*from_root=*/false));
    }
  }

  // "comment.parts[2].text".
  std::string Place(bool from_root) const {
    std::string place = from_root ? root_name_ : "";
    for (const Frame& frame : frames_) {
      if (frame.is_list) {
        absl::StrAppend(&place, "[", frame.index, "]");
      } else {
        absl::StrAppend(&place, place.empty() ? "" : ".", frame.key);
      }
    }
    return place;
  }

  const char* Wanted() const {
    switch (next_.kind) {
      case Expected::Kind::kList: return "must be a list";
      case Expected::Kind::kMessage:
      case Expected::Kind::kMap: return "must be an object";
      default: return "must be neither object nor list";
    }
  }

  bool Refuse(absl::string_view reason, absl::string_view what) {
    const std::string place = Place(/*from_root=*/true);
    status_ = InvalidField(TruncateUtf8(place, 200), reason, what);
    return false;
  }

  Expected next_;
  const std::string root_name_;
  std::vector<std::string>* const leaves_;
  std::vector<Frame> frames_;
  absl::Status status_;
};

}  // namespace

absl::Status CheckJson(absl::string_view text, const Descriptor& message,
                       const FieldDescriptor* field, std::vector<std::string>* leaves) {
  if (!IsCleanUtf8(text)) return BadJson("the body is not UTF-8, or holds a NUL");
  // The parser would ignore a byte order mark.
  if (absl::StartsWith(text, "\xEF\xBB\xBF")) return BadJson("the body begins with a mark");
  Expected root = field == nullptr ? Expected{Expected::Kind::kMessage, &message, nullptr, false}
                                   : ExpectField(*field);
  root.null_allowed = false;
  Checker checker(root, field == nullptr ? "" : field->name(), leaves);
  if (json::sax_parse(text.begin(), text.end(), &checker)) return absl::OkStatus();
  return checker.status().ok() ? BadJson("the body is not valid JSON") : checker.status();
}

}  // namespace rostrum::gateway
