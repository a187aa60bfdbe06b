#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pqxx/pqxx"
#include "services/content/manuscript.h"

namespace rostrum::content {

// Reading and writing manuscripts inside a transaction.

enum class ManuscriptLock { kNone, kForUpdate };
// NOT_FOUND / POST_NOT_FOUND.
absl::StatusOr<Manuscript> LoadManuscript(pqxx::work& tx, const PostId& id,
                                          ManuscriptLock lock = ManuscriptLock::kNone);
// Without Markdown and HTML. `tail` is what follows FROM (p is posts, a is
// authors); `arguments` are its parameters.
std::vector<Manuscript> LoadManuscripts(pqxx::work& tx, const std::string& tail,
                                        const std::vector<std::string>& arguments);

// INVALID_ARGUMENT / NOT_FOUND naming the field: a channel, topic, author or
// picture that there is not.
absl::Status CheckReferences(pqxx::work& tx, const ManuscriptContent& content);
// Takes the slug in the channel for good. ALREADY_EXISTS / SLUG_TAKEN.
absl::Status TakePostSlug(pqxx::work& tx, const Manuscript& manuscript);
// A slug like `wanted` that is free in the channel.
std::string FreePostSlug(pqxx::work& tx, const ManuscriptContent& content,
                         const std::string& wanted);

void InsertManuscript(pqxx::work& tx, const Manuscript& manuscript);
void UpdateManuscriptRow(pqxx::work& tx, const Manuscript& manuscript);
void WriteTopics(pqxx::work& tx, const Manuscript& manuscript);
// Keeps the text of `former` as a revision; the oldest goes when there are too
// many.
void KeepRevision(pqxx::work& tx, const Manuscript& former);

}  // namespace rostrum::content
