#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "absl/time/time.h"

namespace rostrum {

struct CurlDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Curl = std::unique_ptr<CURL, CurlDeleter>;
using CurlList = std::unique_ptr<curl_slist, CurlDeleter>;

// Requests of `url`, by one of `protocols` ("http,https") and without a proxy, each over
// after `timeout`. What comes back is thrown away. Null, of which libcurl makes
// CURLE_BAD_FUNCTION_ARGUMENT, when there is no memory.
Curl NewCurl(const std::string& url, const char* protocols, absl::Duration timeout);

void Append(CurlList& list, const std::string& line);

// Has the next request post `body`, which outlives it.
void PostBody(const Curl& curl, const std::string& body);

// The status or reply code of the last request; 0 if none came.
long ResponseCode(const Curl& curl);

}  // namespace rostrum
