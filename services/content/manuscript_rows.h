#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/postgres/transaction.h"
#include "services/content/manuscript.h"

namespace rostrum::content {

// Reading and writing manuscripts inside a transaction.

enum class ManuscriptLock { kNone, kForUpdate };
// NOT_FOUND / POST_NOT_FOUND.
absl::StatusOr<Manuscript> LoadManuscript(Transaction& tx, const PostId& id,
                                          ManuscriptLock lock = ManuscriptLock::kNone);
// Without Markdown and HTML. `tail` is what follows FROM (p is posts, a is
// authors); `arguments` are its parameters.
std::vector<Manuscript> LoadManuscripts(Transaction& tx, const std::string& tail,
                                        const std::vector<std::string>& arguments);

// INVALID_ARGUMENT / NOT_FOUND naming the field of a channel, topic, author or picture that
// does not exist.
absl::Status CheckReferences(Transaction& tx, const ManuscriptContent& content);
// Reserves the slug in the channel forever. ALREADY_EXISTS / SLUG_TAKEN.
absl::Status TakePostSlug(Transaction& tx, const Manuscript& manuscript);
// The first of SlugsFor that is free in the channel.
std::string FreePostSlug(Transaction& tx, const Manuscript& manuscript);

void InsertManuscript(Transaction& tx, const Manuscript& manuscript);
void UpdateManuscriptRow(Transaction& tx, const Manuscript& manuscript);
void WriteTopics(Transaction& tx, const Manuscript& manuscript);
// Keeps the text of `former` as a revision; beyond kMaxRevisions the oldest is deleted.
void KeepRevision(Transaction& tx, const Manuscript& former);

}  // namespace rostrum::content
