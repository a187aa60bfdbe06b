#pragma once

#include "rostrum/account/v1/account_service.pb.h"
#include "rostrum/account/v1/identity_service.pb.h"
#include "rostrum/account/v1/session_service.pb.h"
#include "rostrum/account/v1/sign_up_service.pb.h"
#include "services/account/access_token_store.h"
#include "services/account/account.h"
#include "services/account/session_store.h"
#include "services/account/sign_up_store.h"

namespace rostrum::account {

// Converts this service's types to protos; nothing else does.
v1::Account ToProto(const Account& account);
v1::Profile ToProfile(const Account& account);
v1::Session ToProto(const Session& session, const std::string& display_name, bool current);
v1::SignUpResponse ToProto(const SignUp& sign_up);
v1::AccessToken ToProto(const AccessToken& token);

}  // namespace rostrum::account
