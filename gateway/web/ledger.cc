#include "gateway/web/ledger.h"

#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

using Kind = LedgerEntry::Kind;

// The kind of entry that a line begins, without the word that says so. Nullopt for columns.
std::optional<Kind> TakeKind(absl::string_view& name) {
  if (absl::ConsumePrefix(&name, "table ")) return Kind::kTable;
  if (absl::ConsumePrefix(&name, "redis ")) return Kind::kRedisKey;
  if (absl::ConsumePrefix(&name, "cookie ")) return Kind::kCookie;
  return std::nullopt;
}

// False if the line is malformed.
bool AddLine(absl::string_view line, std::vector<LedgerEntry>& entries) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, " | ");
  if (absl::c_any_of(parts, [](absl::string_view part) { return part.empty(); })) return false;
  absl::string_view name = parts[0];
  if (const std::optional<Kind> kind = TakeKind(name); kind.has_value()) {
    if (parts.size() != 3) return false;
    entries.push_back({.kind = *kind,
                       .name = std::string(name),
                       .meaning = std::string(parts[1]),
                       .kept = std::string(parts[2])});
    return true;
  }
  if (parts.size() != 2 || entries.empty() || entries.back().kind != Kind::kTable) return false;
  entries.back().columns.push_back({std::string(name), std::string(parts[1])});
  return true;
}

bool HasColumnsIfTable(const LedgerEntry& entry) {
  return entry.kind != Kind::kTable || !entry.columns.empty();
}

}  // namespace

absl::StatusOr<std::vector<Ledger>> ParseLedgers(const std::vector<EmbeddedFile>& files) {
  std::vector<Ledger> ledgers;
  for (const EmbeddedFile& file : files) {
    Ledger& ledger = ledgers.emplace_back();
    ledger.program = std::string(absl::StripSuffix(file.name, ".ledger"));
    const std::string text = file.bytes.ToString();
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      line = absl::StripAsciiWhitespace(line);
      if (line.empty() || absl::StartsWith(line, "#")) continue;
      if (AddLine(line, ledger.entries)) continue;
      return absl::InvalidArgumentError(absl::StrCat(file.name, ": not a line: ", line));
    }
    for (const LedgerEntry& entry : ledger.entries) {
      if (HasColumnsIfTable(entry)) continue;
      return absl::InvalidArgumentError(absl::StrCat(file.name, ": no columns of ", entry.name));
    }
  }
  return ledgers;
}

}  // namespace rostrum::gateway
