#include "tests/services/account/account_contract.h"
#include "tests/services/account/mailed_contract.h"
#include "tests/services/account/postgres_stores.h"

namespace rostrum::account {

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, AccountContract, FakeStores);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, AccountContract, PostgresStores);
INSTANTIATE_TYPED_TEST_SUITE_P(Fake, MailedContract, FakeStores);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, MailedContract, PostgresStores);

}  // namespace rostrum::account
