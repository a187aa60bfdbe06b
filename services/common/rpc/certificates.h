#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace rostrum {

// The files of a TLS folder, as a cert-manager secret is mounted.
inline constexpr char kCertificateFile[] = "tls.crt";  // own certificate, then intermediates
inline constexpr char kKeyFile[] = "tls.key";
inline constexpr char kAuthorityFile[] = "ca.crt";  // the authorities that we trust

// The contents of the three files, all PEM.
struct CertificateFiles {
  std::string certificate;
  std::string key;
  std::string authority;
  bool operator==(const CertificateFiles&) const = default;
};

// NOT_FOUND or INVALID_ARGUMENT that names the file which cannot be read.
absl::StatusOr<CertificateFiles> ReadCertificateFiles(const std::string& folder);

// What CheckCertificates found in the files.
struct CertificateFacts {
  std::string service;  // which the certificate identifies
  absl::Time not_after;
  absl::Time authority_not_after;  // of the authority that expires first
};

// Checks the files as a peer would: the key belongs to the certificate, the certificate is
// valid now under ca.crt, and it may be used as server and as client. INVALID_ARGUMENT
// names the file and what is wrong with it.
absl::StatusOr<CertificateFacts> CheckCertificates(const CertificateFiles& files);

// The service in "spiffe://rostrum/<service>", or empty. A certificate names its service by
// exactly one such URI among its alternative names.
std::string ServiceOfSpiffeId(absl::string_view uri);

}  // namespace rostrum
