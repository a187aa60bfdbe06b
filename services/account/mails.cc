#include "services/account/mails.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "services/account/one_time_token_store.h"
#include "services/common/base/ids.h"
#include "services/common/base/status.h"
#include "services/common/mail/message.h"

namespace rostrum::account {
namespace {

std::string EscapeHtml(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string InWords(absl::Duration duration) {
  const int64_t minutes = absl::ToInt64Minutes(duration);
  if (minutes >= 120) return absl::StrCat(minutes / 60, " hours");
  if (minutes >= 60) return "one hour";
  if (minutes >= 2) return absl::StrCat(minutes, " minutes");
  return minutes == 1 ? "one minute" : absl::StrCat(absl::ToInt64Seconds(duration), " seconds");
}

}  // namespace

// A mail has a few paragraphs, perhaps a link, perhaps a code, and an end.
struct Mails::Content {
  std::string subject;
  std::vector<std::string> before;
  std::string link;
  std::string link_label;
  std::string code;
  std::vector<std::string> after;
};

Mails::Mails(MailSettings settings, Clock& clock)
    : settings_(std::move(settings)),
      host_(settings_.from.substr(settings_.from.rfind('@') + 1)),
      clock_(clock) {}

absl::StatusOr<Mail> Mails::Build(const std::string& email, const Content& content) const {
  std::string text = "Hello,\n\n";
  std::string html = "<p>Hello,</p>\n";
  const auto add = [&](const std::vector<std::string>& paragraphs) {
    for (const std::string& paragraph : paragraphs) {
      absl::StrAppend(&text, paragraph, "\n\n");
      absl::StrAppend(&html, "<p>", EscapeHtml(paragraph), "</p>\n");
    }
  };
  add(content.before);
  if (!content.link.empty()) {
    absl::StrAppend(&text, content.link, "\n\n");
    absl::StrAppendFormat(&html,
                          "<p><a href=\"%s\" style=\"display:inline-block;padding:12px 20px;"
                          "background:#1a1a1a;color:#ffffff;text-decoration:none;"
                          "border-radius:4px\">%s</a></p>\n",
                          EscapeHtml(content.link), EscapeHtml(content.link_label));
  }
  if (!content.code.empty()) {
    absl::StrAppend(&text, "Or enter this code: ", content.code, "\n\n");
    absl::StrAppendFormat(&html, "<p>Or enter this code: <strong>%s</strong></p>\n", content.code);
  }
  add(content.after);
  absl::StrAppend(&text, settings_.site_name, "\n", settings_.public_url, "\n");
  const absl::Time now = clock_.Now();
  Mail mail{.id = NewUuid(now), .recipient = email};
  ASSIGN_OR_RETURN(
      mail.bytes,
      BuildMail({.from = settings_.from,
                 .from_name = settings_.from_name,
                 .to = email,
                 .subject = content.subject,
                 .text = text,
                 .html = absl::StrFormat(
                     "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                     "<title>%s</title></head>\n<body style=\"font-family:sans-serif;"
                     "line-height:1.5;max-width:34em\">\n%s<p>%s<br>%s</p>\n</body></html>\n",
                     EscapeHtml(content.subject), html, EscapeHtml(settings_.site_name),
                     EscapeHtml(settings_.public_url)),
                 .message_id = absl::StrCat("<", mail.id, "@", host_, ">"),
                 .date = now}));
  return mail;
}

absl::StatusOr<Mail> Mails::VerifyAddress(const std::string& email, const std::string& token,
                                          const std::string& code, absl::Duration lifetime) const {
  return Build(email,
               {.subject = absl::StrCat("Verify your email address for ", settings_.site_name),
                .before = {absl::StrCat("to finish signing up at ", settings_.site_name,
                                        ", please open this link:")},
                .link = absl::StrCat(settings_.public_url, "/verify?token=", token),
                .link_label = "Verify my email address",
                .code = code,
                .after = {absl::StrCat(code.empty() ? "It works" : "Both work", " once and for ",
                                       InWords(lifetime), "."),
                          "If you did not sign up, you need do nothing: no account is made."}});
}

absl::StatusOr<Mail> Mails::AlreadyMember(const std::string& email) const {
  return Build(
      email,
      {.subject = absl::StrCat("You already have an account at ", settings_.site_name),
       .before = {absl::StrCat("somebody, probably you, just signed up at ", settings_.site_name,
                               " with this address. You already have an account."),
                  "Log in with your password, or have a login link sent to you, here:"},
       .link = absl::StrCat(settings_.public_url, "/login"),
       .link_label = "Log in",
       .after = {"If it was not you, you need do nothing: nothing has changed."}});
}

absl::StatusOr<Mail> Mails::LoginLink(const std::string& email, const std::string& token) const {
  return Build(
      email, {.subject = absl::StrCat("Log in to ", settings_.site_name),
              .before = {"here is the link to log in with:"},
              .link = absl::StrCat(settings_.public_url, "/login/link?token=", token),
              .link_label = "Log in",
              .after = {absl::StrCat("It works once and for ", InWords(kOneTimeTokenLifetime), "."),
                        "If you did not ask for it, you need do nothing. Do not pass it on."}});
}

absl::StatusOr<Mail> Mails::PasswordReset(const std::string& email,
                                          const std::string& token) const {
  return Build(
      email,
      {.subject = absl::StrCat("Set a new password for ", settings_.site_name),
       .before = {"here is the link to set a new password with:"},
       .link = absl::StrCat(settings_.public_url, "/reset?token=", token),
       .link_label = "Set a new password",
       .after = {absl::StrCat("It works once and for ", InWords(kOneTimeTokenLifetime), "."),
                 "If you did not ask for it, you need do nothing: your password stays as it is."}});
}

absl::StatusOr<Mail> Mails::TrialEnding(const Account& account, absl::Time end_time) const {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(account.time_zone, &zone)) zone = absl::UTCTimeZone();
  return Build(
      account.email,
      {.subject = absl::StrCat("Your free trial at ", settings_.site_name, " ends soon"),
       .before = {absl::StrCat("your free trial ends on ",
                               absl::FormatTime("%A, %-d %B, at %H:%M (%Z)", end_time, zone), "."),
                  "After that your account stays, and so does everything in it; you can go on "
                  "reading what is free. To go on reading everything, join here:"},
       .link = absl::StrCat(settings_.public_url, "/join"),
       .link_label = "Join us",
       .after = {absl::StrCat("You get this mail because you have not switched it off: ",
                              settings_.public_url, "/account#mails")}});
}

absl::StatusOr<Mail> Mails::PasswordChanged(const std::string& email) const {
  return NewPassword(email, "other devices were logged out");
}

absl::StatusOr<Mail> Mails::PasswordWasReset(const std::string& email) const {
  return NewPassword(email, "every device was logged out and every access token revoked");
}

absl::StatusOr<Mail> Mails::NewPassword(const std::string& email,
                                        const std::string& what_ended) const {
  return Build(email,
               {.subject = absl::StrCat("Your password for ", settings_.site_name, " was changed"),
                .before = {absl::StrCat("the password of your account at ", settings_.site_name,
                                        " was just changed, and ", what_ended, "."),
                           "If it was not you, set a new password at once, here:"},
                .link = absl::StrCat(settings_.public_url, "/reset"),
                .link_label = "Set a new password"});
}

}  // namespace rostrum::account
