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

// A handle for requests to `url`, by one of `protocols` ("http,https") and without a proxy;
// each request ends after `timeout`. Response bodies are discarded. Null if there is no
// memory, which libcurl reports as CURLE_BAD_FUNCTION_ARGUMENT when it is used.
Curl NewCurl(const std::string& url, const char* protocols, absl::Duration timeout);

void Append(CurlList& list, const std::string& line);

// Makes the next request a POST of `body`, which must outlive it.
void PostBody(const Curl& curl, const std::string& body);

// The status or reply code of the last request; 0 if none came.
long ResponseCode(const Curl& curl);

}  // namespace rostrum
