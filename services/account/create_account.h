#pragma once

namespace rostrum::account {

// The sub-command of an operator:
//   rostrum-account create-account --email E --name N [--roles admin,author]
//                                  --password-file F
// makes the account, or brings name, roles and password of an existing one up
// to date, and prints its id. Another password ends its sessions and access
// tokens. Needs PG_URL and a migrated schema, nothing else.
// No AccountVerified event is written: nobody showed a mailbox. Returns the
// exit code of the process.
int CreateAccountMain(int argc, char** argv);

}  // namespace rostrum::account
