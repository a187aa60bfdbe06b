#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/common/rpc/certificates.h"

namespace rostrum {

// A certificate authority of a test.
class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();

  struct Request {
    std::vector<std::string> uris;  // such as spiffe://rostrum/content
    std::vector<std::string> dns = {"localhost"};
    bool loopback = true;  // good for 127.0.0.1
    absl::Duration valid_from = -absl::Hours(1);
    absl::Duration valid_until = absl::Hours(1);
    std::string usages = "serverAuth,clientAuth";
  };
  // A certificate with its new key, and this authority.
  CertificateFiles Issue(const Request& request) const;
  CertificateFiles IssueFor(const std::string& service) const {
    return Issue({.uris = {"spiffe://rostrum/" + service}});
  }
  // The authority's own certificate.
  const std::string& certificate() const { return certificate_; }

 private:
  struct Pair;
  std::unique_ptr<Pair> own_;
  std::string certificate_;
};

// Puts them into a folder as Kubernetes mounts a secret: each file is a link to
// ..data/FILE, and ..data is a link that changes in one step.
void MountCertificates(const CertificateFiles& files, const std::string& folder);

}  // namespace rostrum
