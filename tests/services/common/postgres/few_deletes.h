#pragma once

#include <string>

#include "absl/strings/substitute.h"

namespace rostrum {

// SQL after which no statement may delete more than 10,000 rows of a table.
inline std::string FewDeletes(const std::string& table) {
  constexpr char kSql[] = R"sql(
    CREATE FUNCTION few() RETURNS trigger LANGUAGE plpgsql AS $$$$ BEGIN
      IF (SELECT count(*) FROM gone) > 10000 THEN RAISE 'too many'; END IF;
      RETURN NULL;
    END $$$$;
    CREATE TRIGGER few AFTER DELETE ON $0 REFERENCING OLD TABLE AS gone
      FOR EACH STATEMENT EXECUTE FUNCTION few())sql";
  return absl::Substitute(kSql, table);
}

}  // namespace rostrum
