// Cookies, cross-site requests, security headers.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gateway/http/cookies.h"
#include "gateway/http/csrf.h"
#include "gateway/http/security_headers.h"
#include "gmock/gmock.h"
#include "services/common/base/status.h"

namespace rostrum::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Value(const std::string& header, const std::string& name) {
  const absl::StatusOr<Cookies> cookies = Cookies::Parse(header);
  if (!cookies.ok()) return "refused";
  const std::string* value = cookies->Find(name);
  return value == nullptr ? "absent" : *value;
}

TEST(CookiesTest, ReadsPairs) {
  EXPECT_EQ(Value("a=1; __Host-session=abc-_DEF; c=3", "__Host-session"), "abc-_DEF");
  EXPECT_EQ(Value("a=1;b=2", "b"), "2");
  EXPECT_EQ(Value("a=\"1\"", "a"), "1");
  EXPECT_EQ(Value("a=", "a"), "");
  EXPECT_EQ(Value("a=b=c", "a"), "b=c");
  EXPECT_EQ(Value("", "a"), "absent");
  EXPECT_EQ(Value("A=1", "a"), "absent") << "names differ by case";
}

TEST(CookiesTest, LeavesOutWhatIsMalformed) {
  for (const std::string bad :
       {"session", "=x", "ses sion=x", "session=a b", "session=a,b", "session=a\\b", "session=a\"b",
        "session=\xc3\xa4", "session=\x7f", "ses\tsion=x", "session=\"a", "s(=1"}) {
    EXPECT_EQ(Value(bad, "session"), "absent") << bad;
    EXPECT_EQ(Value(bad + "; other=2", "other"), "2") << bad;
  }
}

TEST(CookiesTest, ANameThatComesTwiceIsNobodys) {
  EXPECT_EQ(Value("session=mine; session=thrown", "session"), "absent");
  EXPECT_EQ(Value("session=a; session=b; session=c", "session"), "absent");
  EXPECT_EQ(Value("session=bad value; session=thrown", "session"), "absent");
}

TEST(CookiesTest, HasLimits) {
  EXPECT_EQ(Value("a=" + std::string(8 * 1024, 'x'), "a"), "refused");
  std::string many;
  for (int i = 0; i < 64; ++i) absl::StrAppend(&many, i == 0 ? "" : "; ", "c", i, "=1");
  EXPECT_EQ(Value(many, "c63"), "1");
  EXPECT_EQ(Value(many + "; more=1", "more"), "refused");
  EXPECT_EQ(Value(std::string(200, ';'), "a"), "refused");
}

TEST(SetCookieTest, IsBoundToTheHost) {
  const CookieSettings secure;
  EXPECT_EQ(*SetCookie({"session", "abc", absl::Hours(1)}, secure),
            "__Host-session=abc; Path=/; Max-Age=3600; SameSite=Lax; Secure; HttpOnly");
  EXPECT_EQ(*SetCookie({"meter", "2", absl::ZeroDuration(), false}, secure),
            "__Host-meter=2; Path=/; Max-Age=0; SameSite=Lax; Secure");
  EXPECT_EQ(*SetCookie({"session", "abc", absl::Hours(1)}, {.secure = false}),
            "session=abc; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly");
}

TEST(SetCookieTest, RefusesWhatWouldBreakOut) {
  const CookieSettings settings;
  for (const std::string bad : {"a;b", "a b", "a\r\nX: y", "a,b", "\xc3\xa4", "a\"b"}) {
    EXPECT_FALSE(SetCookie({"name", bad, absl::Hours(1)}, settings).ok()) << bad;
    EXPECT_FALSE(SetCookie({bad, "value", absl::Hours(1)}, settings).ok()) << bad;
  }
  EXPECT_FALSE(SetCookie({"", "value", absl::Hours(1)}, settings).ok());
  EXPECT_FALSE(SetCookie({"name", std::string(5000, 'x'), absl::Hours(1)}, settings).ok());
}

struct CsrfCase {
  std::string what;
  std::string method;
  std::vector<HttpHeaders::Field> headers;
  bool cookie;
  bool allowed;
};

TEST(CsrfTest, LetsThroughOnlyWhatTheSiteSent) {
  const std::vector<std::string> origins = {"https://rostrum.test"};
  const CsrfCase cases[] = {
      {"reading", "GET", {{"Sec-Fetch-Site", "cross-site"}}, true, true},
      {"head", "HEAD", {{"Sec-Fetch-Site", "cross-site"}}, true, true},
      {"same origin", "POST", {{"Sec-Fetch-Site", "same-origin"}}, true, true},
      {"typed in", "POST", {{"Sec-Fetch-Site", "none"}}, true, true},
      {"same site", "POST", {{"Sec-Fetch-Site", "same-site"}}, true, false},
      {"cross site", "POST", {{"Sec-Fetch-Site", "cross-site"}}, true, false},
      {"unknown site", "POST", {{"Sec-Fetch-Site", "other"}}, true, false},
      {"cross site with our origin",
       "POST",
       {{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://rostrum.test"}},
       true,
       false},
      {"our origin", "POST", {{"Origin", "https://rostrum.test"}}, true, true},
      {"our origin, put", "PUT", {{"Origin", "https://rostrum.test"}}, true, true},
      {"other scheme", "POST", {{"Origin", "http://rostrum.test"}}, true, false},
      {"other port", "POST", {{"Origin", "https://rostrum.test:8443"}}, true, false},
      {"other host", "DELETE", {{"Origin", "https://rostrum.test.evil.test"}}, true, false},
      {"null origin", "PATCH", {{"Origin", "null"}}, true, false},
      {"neither, cookie", "POST", {}, true, false},
      {"neither, no credentials", "POST", {}, false, true},
      {"login from elsewhere", "POST", {{"Sec-Fetch-Site", "cross-site"}}, false, false},
      {"login from elsewhere, old browser",
       "POST",
       {{"Origin", "https://evil.test"}},
       false,
       false},
      {"login from here", "POST", {{"Origin", "https://rostrum.test"}}, false, true},
      {"token", "POST", {{"Authorization", "Bearer t"}}, false, true},
      {"token from another site's page",
       "POST",
       {{"Authorization", "bearer t"}, {"Sec-Fetch-Site", "cross-site"}},
       false,
       true},
      {"token beside a cookie", "POST", {{"Authorization", "Bearer t"}}, true, false},
      {"basic is no token",
       "POST",
       {{"Authorization", "Basic t"}, {"Sec-Fetch-Site", "cross-site"}},
       false,
       false},
  };
  for (const CsrfCase& c : cases) {
    HttpHeaders headers;
    for (const auto& [name, value] : c.headers) headers.Add(name, value);
    const absl::Status status = CheckCsrf(c.method, headers, origins, c.cookie);
    EXPECT_EQ(status.ok(), c.allowed) << c.what;
    if (!status.ok()) {
      EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
      EXPECT_EQ(ReasonOf(status), "CROSS_SITE_REQUEST");
    }
  }
}

TEST(CsrfTest, TellsAProgramWithACookieWhatItLacks) {
  HttpHeaders headers;
  EXPECT_THAT(CheckCsrf("POST", headers, {"https://rostrum.test"}, true).message(),
              HasSubstr("needs the header Origin"));
  headers.Add("Origin", "https://elsewhere.test");
  EXPECT_THAT(CheckCsrf("POST", headers, {"https://rostrum.test"}, true).message(),
              Not(HasSubstr("needs the header Origin")));
}

TEST(OriginTest, TakesTheFormOfBrowsers) {
  EXPECT_EQ(*ParseOrigin("https://Rostrum.Test"), "https://rostrum.test");
  EXPECT_EQ(*ParseOrigin("https://rostrum.test:443"), "https://rostrum.test");
  EXPECT_EQ(*ParseOrigin("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
  EXPECT_EQ(*ParseOrigin("http://[::1]:80"), "http://[::1]");
  for (const std::string bad : {"", "null", "rostrum.test", "https://", "ftp://rostrum.test",
                                "https://rostrum.test/", "https://a@rostrum.test", "*"}) {
    EXPECT_FALSE(ParseOrigin(bad).ok()) << bad;
  }
}

TEST(SecurityHeadersTest, FitTheKindOfContent) {
  HttpResponse page;
  AddSecurityHeaders(ContentKind::kPage, {.hsts = true}, page);
  const std::string policy = *page.headers.Find("content-security-policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_EQ(*page.headers.Find("referrer-policy"), "same-origin");
  EXPECT_THAT(*page.headers.Find("permissions-policy"), HasSubstr("camera=()"));
  EXPECT_THAT(*page.headers.Find("strict-transport-security"), HasSubstr("max-age=63072000"));

  HttpResponse api;
  AddSecurityHeaders(ContentKind::kApi, {}, api);
  EXPECT_EQ(*api.headers.Find("content-security-policy"),
            "default-src 'none'; frame-ancestors 'none'");
  EXPECT_EQ(*api.headers.Find("x-content-type-options"), "nosniff");
  EXPECT_FALSE(api.headers.Has("strict-transport-security")) << "only where TLS is on";

  HttpResponse media;
  AddSecurityHeaders(ContentKind::kMedia, {}, media);
  EXPECT_THAT(*media.headers.Find("content-security-policy"), HasSubstr("sandbox"));
}

// Browsers apply the policy to where the answer redirects, such as to the payment.
TEST(SecurityHeadersTest, FormsLeadToAnyOriginOfTheSite) {
  HttpResponse page;
  AddSecurityHeaders(ContentKind::kPage,
                     {.form_origins = {"https://rostrum.test", "http://127.0.0.1:8080"}}, page);
  EXPECT_THAT(*page.headers.Find("content-security-policy"),
              HasSubstr("form-action 'self' https://rostrum.test http://127.0.0.1:8080"));
  HttpResponse alone;
  AddSecurityHeaders(ContentKind::kPage, {}, alone);
  EXPECT_THAT(*alone.headers.Find("content-security-policy"), EndsWith("form-action 'self'"));
}

TEST(SecurityHeadersTest, LeavesWhatIsSet) {
  HttpResponse response;
  response.headers.Add("Referrer-Policy", "no-referrer");
  AddSecurityHeaders(ContentKind::kPage, {}, response);
  EXPECT_EQ(*response.headers.Find("referrer-policy"), "no-referrer");
  EXPECT_EQ(response.headers.Count("referrer-policy"), 1u);
}

}  // namespace
}  // namespace rostrum::http
