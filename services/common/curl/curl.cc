#include "services/common/curl/curl.h"

#include <mutex>

namespace rostrum {
namespace {

size_t Ignore(char*, size_t size, size_t count, void*) { return size * count; }

}  // namespace

Curl NewCurl(const std::string& url, const char* protocols, absl::Duration timeout) {
  static std::once_flag initialised;
  std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  Curl curl(curl_easy_init());
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(timeout)));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Ignore);
  return curl;
}

void Append(CurlList& list, const std::string& line) {
  // curl_slist_append returns null when there is no memory, and leaves the list as it was.
  if (curl_slist* const longer = curl_slist_append(list.get(), line.c_str())) {
    (void)list.release();  // `longer` owns it now
    list.reset(longer);
  }
}

void PostBody(const Curl& curl, const std::string& body) {
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
}

long ResponseCode(const Curl& curl) {
  long code = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &code);
  return code;
}

}  // namespace rostrum
