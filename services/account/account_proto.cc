#include "services/account/account_proto.h"

#include "services/common/rpc/proto_time.h"

namespace rostrum::account {

v1::Account ToProto(const Account& account) {
  v1::Account out;
  out.set_account_id(account.id.value());
  out.set_email(account.email);
  out.set_display_name(account.display_name);
  out.set_bio(account.bio);
  out.set_language(account.language);
  out.set_time_zone(account.time_zone);
  for (const std::string& role : account.roles) out.add_roles(role);
  out.set_has_password(!account.password_hash.empty());
  *out.mutable_create_time() = ToProtoTime(account.create_time);
  out.set_etag(EtagOf(account));
  out.mutable_mail_choices()->set_trial_reminders(account.trial_reminders);
  return out;
}

v1::Profile ToProfile(const Account& account) {
  v1::Profile out;
  out.set_account_id(account.id.value());
  out.set_display_name(account.display_name);
  out.set_bio(account.bio);
  *out.mutable_create_time() = ToProtoTime(account.create_time);
  return out;
}

v1::Session ToProto(const Session& session, const std::string& display_name, bool current) {
  v1::Session out;
  out.set_session_id(session.id.value());
  out.set_account_id(session.account_id.value());
  out.set_display_name(display_name);
  *out.mutable_create_time() = ToProtoTime(session.create_time);
  *out.mutable_last_use_time() = ToProtoTime(session.last_use_time);
  *out.mutable_expire_time() = ToProtoTime(session.expire_time);
  out.set_current(current);
  return out;
}

v1::SignUpResponse ToProto(const SignUp& sign_up) {
  v1::SignUpResponse out;
  out.set_sign_up_id(sign_up.id.value());
  *out.mutable_expire_time() = ToProtoTime(sign_up.expire_time);
  *out.mutable_resend_time() = ToProtoTime(sign_up.resend_time);
  return out;
}

v1::AccessToken ToProto(const AccessToken& token) {
  v1::AccessToken out;
  out.set_token_id(token.id.value());
  out.set_display_name(token.display_name);
  for (const std::string& scope : token.scopes) out.add_scopes(scope);
  *out.mutable_create_time() = ToProtoTime(token.create_time);
  *out.mutable_expire_time() = ToProtoTime(token.expire_time);
  if (token.last_use_time.has_value()) {
    *out.mutable_last_use_time() = ToProtoTime(*token.last_use_time);
  }
  return out;
}

}  // namespace rostrum::account
