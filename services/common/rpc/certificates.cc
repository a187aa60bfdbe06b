#include "services/common/rpc/certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/common/base/status.h"

namespace rostrum {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr char kSpiffePrefix[] = "spiffe://rostrum/";

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
void FreeNames(GENERAL_NAMES* names) { GENERAL_NAMES_free(names); }
// Frees the stack, but not the certificates in it.
void FreeStack(STACK_OF(X509) * stack) { sk_X509_free(stack); }
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Store = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Deleter<FreeNames>>;
using Stack = std::unique_ptr<STACK_OF(X509), Deleter<FreeStack>>;

absl::Status Wrong(const char* file, absl::string_view what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", what));
}

absl::StatusOr<std::string> ReadFile(const std::string& folder, const char* name) {
  const std::string path = absl::StrCat(folder, "/", name);
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::ErrnoToStatus(errno, path);
  std::stringstream content;
  content << in.rdbuf();
  std::string text = std::move(content).str();
  if (in.bad() || text.empty()) return absl::InvalidArgumentError(path + ": nothing can be read");
  if (text.size() > kMaxFileBytes) return absl::InvalidArgumentError(path + ": too large");
  return text;
}

Bio MemoryOf(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// All certificates of a file. An error if one of them cannot be read.
absl::StatusOr<std::vector<Certificate>> ReadAll(const char* file, const std::string& text) {
  const Bio bio = MemoryOf(text);
  std::vector<Certificate> all;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    all.emplace_back(next);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (all.empty() || !at_end) return Wrong(file, "not certificates in PEM");
  ERR_clear_error();
  return all;
}

absl::StatusOr<absl::Time> NotAfter(const X509& certificate) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &utc) != 1) {
    return absl::InvalidArgumentError("a certificate without an end");
  }
  return absl::FromTM(utc, absl::UTCTimeZone());
}

// Makes encrypted keys fail, instead of OpenSSL asking on the terminal for the password.
int NoPassword(char*, int, int, void*) { return -1; }

absl::Status CheckKey(const CertificateFiles& files, X509& certificate) {
  const Bio bio = MemoryOf(files.key);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) return Wrong(kKeyFile, "not an unencrypted private key in PEM");
  if (X509_check_private_key(&certificate, key.get()) != 1) {
    return Wrong(kKeyFile, "not the key of tls.crt");
  }
  return absl::OkStatus();
}

absl::Status CheckChain(const std::vector<Certificate>& chain,
                        const std::vector<Certificate>& authorities) {
  const Store store(X509_STORE_new());
  for (const Certificate& authority : authorities) {
    X509_STORE_add_cert(store.get(), authority.get());
  }
  const Stack intermediates(sk_X509_new_null());
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(intermediates.get(), chain[i].get());
  for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT}) {
    const StoreContext context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), chain[0].get(), intermediates.get());
    X509_STORE_CTX_set_purpose(context.get(), purpose);
    if (X509_verify_cert(context.get()) != 1) {
      return Wrong(
          kCertificateFile,
          absl::StrCat("ca.crt does not vouch for it as ",
                       purpose == X509_PURPOSE_SSL_SERVER ? "server" : "client", ": ",
                       X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()))));
    }
  }
  return absl::OkStatus();
}

// Like gRPC: if there is more than one URI, none counts.
std::string ServiceOf(const X509& certificate) {
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> uris;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return uris.size() == 1 ? ServiceOfSpiffeId(uris[0]) : "";
}

}  // namespace

absl::StatusOr<CertificateFiles> ReadCertificateFiles(const std::string& folder) {
  CertificateFiles files;
  ASSIGN_OR_RETURN(files.certificate, ReadFile(folder, kCertificateFile));
  ASSIGN_OR_RETURN(files.key, ReadFile(folder, kKeyFile));
  ASSIGN_OR_RETURN(files.authority, ReadFile(folder, kAuthorityFile));
  return files;
}

absl::StatusOr<CertificateFacts> CheckCertificates(const CertificateFiles& files) {
  ASSIGN_OR_RETURN(const std::vector<Certificate> chain,
                   ReadAll(kCertificateFile, files.certificate));
  ASSIGN_OR_RETURN(const std::vector<Certificate> authorities,
                   ReadAll(kAuthorityFile, files.authority));
  RETURN_IF_ERROR(CheckKey(files, *chain[0]));
  RETURN_IF_ERROR(CheckChain(chain, authorities));
  CertificateFacts facts;
  ASSIGN_OR_RETURN(facts.not_after, NotAfter(*chain[0]));
  facts.authority_not_after = absl::InfiniteFuture();
  for (const Certificate& authority : authorities) {
    ASSIGN_OR_RETURN(const absl::Time not_after, NotAfter(*authority));
    facts.authority_not_after = std::min(facts.authority_not_after, not_after);
  }
  facts.service = ServiceOf(*chain[0]);
  if (facts.service.empty()) {
    return Wrong(kCertificateFile, absl::StrCat("its one URI is not ", kSpiffePrefix, "<service>"));
  }
  return facts;
}

std::string ServiceOfSpiffeId(absl::string_view uri) {
  if (!absl::ConsumePrefix(&uri, kSpiffePrefix) || uri.empty()) return "";
  const bool is_name = std::all_of(uri.begin(), uri.end(),
                                   [](char c) { return absl::ascii_islower(c) || c == '-'; });
  return is_name ? std::string(uri) : "";
}

}  // namespace rostrum
