#pragma once

namespace rostrum::account {

// The sub-command for operators:
//   rostrum-account create-account --email E --name N [--roles admin,author]
//                                  --password-file F
// creates the account, or sets name, roles and password of an existing one, and prints its
// id. A different password ends its sessions and access tokens. Needs only PG_URL and a
// migrated schema.
// No AccountVerified event is written, because nobody has proved to own the mailbox.
// Returns the exit code of the process.
int CreateAccountMain(int argc, char** argv);

}  // namespace rostrum::account
