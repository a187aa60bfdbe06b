#include "tests/support/test_authority.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rostrum {
namespace {

void Check(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "test authority: %s\n", what);
  std::abort();
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

std::string Pem(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  Check(PEM_write_bio_X509(bio, certificate) == 1, "certificate not written");
  return TextOf(bio);
}

std::string Pem(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  Check(PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "key not written");
  return TextOf(bio);
}

void Extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  Check(extension != nullptr, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// With a name, a number and a time, and not yet signed.
X509* NewCertificate(const std::string& name, EVP_PKEY* key, absl::Duration from,
                     absl::Duration until) {
  static std::atomic<long> number{1};
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), number++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), absl::ToInt64Seconds(from));
  X509_gmtime_adj(X509_getm_notAfter(certificate), absl::ToInt64Seconds(until));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate, key);
  return certificate;
}

std::string AlternativeNames(const TestAuthority::Request& request) {
  std::vector<std::string> names;
  for (const std::string& uri : request.uris) names.push_back("URI:" + uri);
  for (const std::string& dns : request.dns) names.push_back("DNS:" + dns);
  if (request.loopback) names.push_back("IP:127.0.0.1");
  return absl::StrJoin(names, ",");
}

}  // namespace

struct TestAuthority::Pair {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = nullptr;
  ~Pair() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
};

TestAuthority::TestAuthority() : own_(std::make_unique<Pair>()) {
  static std::atomic<int> number{1};
  own_->certificate = NewCertificate(absl::StrCat("Test CA ", number++), own_->key, -absl::Hours(2),
                                     absl::Hours(24));
  X509_set_issuer_name(own_->certificate, X509_get_subject_name(own_->certificate));
  Extend(own_->certificate, own_->certificate, NID_basic_constraints, "critical,CA:TRUE");
  Extend(own_->certificate, own_->certificate, NID_key_usage, "critical,keyCertSign");
  Check(X509_sign(own_->certificate, own_->key, EVP_sha256()) > 0, "not signed");
  certificate_ = Pem(own_->certificate);
}

TestAuthority::~TestAuthority() = default;

CertificateFiles TestAuthority::Issue(const Request& request) const {
  Pair made;
  made.certificate = NewCertificate("test", made.key, request.valid_from, request.valid_until);
  X509_set_issuer_name(made.certificate, X509_get_subject_name(own_->certificate));
  const std::string names = AlternativeNames(request);
  if (!names.empty()) Extend(made.certificate, own_->certificate, NID_subject_alt_name, names);
  Extend(made.certificate, own_->certificate, NID_ext_key_usage, request.usages);
  Check(X509_sign(made.certificate, own_->key, EVP_sha256()) > 0, "not signed");
  return {.certificate = Pem(made.certificate), .key = Pem(made.key), .authority = certificate_};
}

void MountCertificates(const CertificateFiles& files, const std::string& folder) {
  namespace fs = std::filesystem;
  static std::atomic<int> number{1};
  const std::string version = absl::StrCat("..v", number++);
  fs::create_directories(folder + "/" + version);
  for (const auto& [name, content] :
       {std::pair{kCertificateFile, &files.certificate}, std::pair{kKeyFile, &files.key},
        std::pair{kAuthorityFile, &files.authority}}) {
    std::ofstream(absl::StrCat(folder, "/", version, "/", name)) << *content;
    const std::string link = absl::StrCat(folder, "/", name);
    if (!fs::is_symlink(link)) fs::create_symlink(absl::StrCat("..data/", name), link);
  }
  const fs::path data = folder + "/..data";
  const fs::path former = fs::is_symlink(data) ? fs::read_symlink(data) : fs::path();
  fs::create_symlink(version, folder + "/..data_new");
  fs::rename(folder + "/..data_new", data);
  if (!former.empty()) fs::remove_all(folder / former);
}

}  // namespace rostrum
