#include "services/feed/target_sql.h"

#include "absl/strings/str_cat.h"
#include "services/common/postgres/fields.h"

namespace rostrum::feed {
namespace {

// ON CONFLICT DO NOTHING alone would wait for those who are changing a row.
constexpr char kInsert[] = R"sql(
  INSERT INTO targets (kind, target_id, display_name, slug)
  SELECT n.kind, n.target_id, n.display_name, n.slug
  FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[])
    AS n (kind, target_id, display_name, slug)
  WHERE NOT EXISTS (SELECT FROM targets t WHERE t.kind = n.kind AND t.target_id = n.target_id)
  ON CONFLICT DO NOTHING)sql";

// ON CONFLICT DO UPDATE would lock each row, also where its WHERE is false.
constexpr char kUpdate[] = R"sql(
  UPDATE targets t SET display_name = n.display_name, slug = n.slug
  FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[])
    AS n (kind, target_id, display_name, slug)
  WHERE t.kind = n.kind AND t.target_id = n.target_id
    AND (t.display_name, t.slug) <> (n.display_name, n.slug))sql";

}  // namespace

TargetColumns::TargetColumns(const std::vector<Target>& targets) {
  std::vector<std::string> columns[4];
  for (const Target& target : targets) {
    columns[0].push_back(absl::StrCat(static_cast<int>(target.kind)));
    columns[1].push_back(target.id);
    columns[2].push_back(target.display_name);
    columns[3].push_back(target.slug);
  }
  kinds = SqlArray(columns[0]);
  ids = SqlArray(columns[1]);
  display_names = SqlArray(columns[2]);
  slugs = SqlArray(columns[3]);
}

void InsertTargets(Transaction& tx, const TargetColumns& targets) {
  tx.Exec(kInsert, targets.kinds, targets.ids, targets.display_names, targets.slugs);
}

void UpdateTargets(Transaction& tx, const TargetColumns& targets) {
  tx.Exec(kUpdate, targets.kinds, targets.ids, targets.display_names, targets.slugs);
}

}  // namespace rostrum::feed
