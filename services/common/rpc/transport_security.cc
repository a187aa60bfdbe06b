#include "services/common/rpc/transport_security.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/base/worker.h"
#include "services/common/rpc/certificates.h"

namespace rostrum {
namespace {

const GaugeFamily kNotAfter{"tls_certificate_not_after_timestamp_seconds",
                            "When the certificate in use ends; of ca.crt the first that ends.",
                            {"file"}};

using grpc::experimental::FileWatcherCertificateProvider;

constexpr absl::Duration kLookEvery = absl::Seconds(1);
constexpr unsigned kProviderSeconds = 1;

absl::Status SystemError(const char* what) {
  return absl::InternalError(absl::ErrnoToStatus(errno, what).message());
}

// Linux 6.3 and later may be configured to refuse executable memory files. Older kernels do
// not know the flag, and neither does Debian 12's header.
int NewMemoryFile() {
  constexpr unsigned kNoExecSeal = 8;
  const int fd = memfd_create("tls", MFD_CLOEXEC | kNoExecSeal);
  return fd >= 0 || errno != EINVAL ? fd : memfd_create("tls", MFD_CLOEXEC);
}

bool WriteAll(int fd, const std::string& content) {
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

// A file in memory. Code in this process that opens its path finds either the former or the
// new content, complete.
class MemoryFile {
 public:
  std::string path() const { return absl::StrCat("/proc/self/fd/", fd_); }

  // `version` becomes its modification time.
  absl::Status Put(const std::string& content, time_t version) {
    const int fresh = NewMemoryFile();
    if (fresh < 0) return SystemError("memfd_create");
    const timespec times[2] = {{.tv_sec = version}, {.tv_sec = version}};
    if (!WriteAll(fresh, content) || futimens(fresh, times) != 0) {
      const absl::Status status = SystemError("memfd");
      close(fresh);
      return status;
    }
    if (fd_ < 0) {
      fd_ = fresh;
      return absl::OkStatus();
    }
    const bool swapped = dup3(fresh, fd_, O_CLOEXEC) >= 0;
    const absl::Status status = swapped ? absl::OkStatus() : SystemError("dup3");
    close(fresh);
    return status;
  }

 private:
  // Never closed: gRPC reads it until its last connection has ended.
  int fd_ = -1;
};

}  // namespace

// Watches the folder and passes only checked certificates to gRPC.
//
// gRPC's own provider takes any files that it finds, even a key that does not belong to the
// certificate, and then refuses every connection. So it watches files in memory, which change
// only to checked content. Key and certificate are one file, which the provider reads twice;
// it reads again if the modification time, in whole seconds, changed in between. So each
// version gets a later second.
class TransportSecurity::Watch {
 public:
  Watch(std::string folder, std::string service, Metrics& metrics)
      : folder_(std::move(folder)),
        service_(std::move(service)),
        certificate_end_(Gauge(metrics, kCertificateFile)),
        authority_end_(Gauge(metrics, kAuthorityFile)) {}

  absl::Status Start() {
    RETURN_IF_ERROR(Look());
    worker_ = std::make_unique<Worker>("tls", kLookEvery, [this] {
      Report(Look());
      return absl::OkStatus();
    });
    return absl::OkStatus();
  }

  std::shared_ptr<FileWatcherCertificateProvider> NewProvider() const {
    return std::make_shared<FileWatcherCertificateProvider>(identity_.path(), identity_.path(),
                                                            authority_.path(), kProviderSeconds);
  }

 private:
  static prometheus::Gauge& Gauge(Metrics& metrics, const char* file) {
    return metrics.Gauge(kNotAfter, {file});
  }

  // Uses the files in the folder if they are new and valid.
  absl::Status Look() {
    ASSIGN_OR_RETURN(CertificateFiles found, ReadCertificateFiles(folder_));
    if (found == files_) return absl::OkStatus();
    ASSIGN_OR_RETURN(const CertificateFacts facts, CheckCertificates(found));
    if (facts.service != service_) {
      return absl::InvalidArgumentError(absl::StrCat(kCertificateFile, ": the certificate of ",
                                                     facts.service, ", not of ", service_));
    }
    version_ = std::max<time_t>(version_ + 1, absl::ToTimeT(absl::Now()));
    RETURN_IF_ERROR(authority_.Put(found.authority, version_));
    RETURN_IF_ERROR(identity_.Put(absl::StrCat(found.certificate, "\n", found.key), version_));
    files_ = std::move(found);
    certificate_end_.Set(absl::ToDoubleSeconds(facts.not_after - absl::UnixEpoch()));
    authority_end_.Set(absl::ToDoubleSeconds(facts.authority_not_after - absl::UnixEpoch()));
    LogInfo("certificate in use",
            {{"folder", folder_}, {"not_after", absl::FormatTime(facts.not_after)}});
    return absl::OkStatus();
  }

  // Logs each error once, and only if it is still there at the next look: the three files do
  // not change at the same moment.
  void Report(const absl::Status& status) {
    const std::string wrong = status.ok() ? "" : std::string(status.message());
    if (!wrong.empty() && wrong == wrong_ && wrong != reported_) {
      LogError("certificate not taken, the former one stays in use",
               {{"folder", folder_}, {"error", wrong}});
      reported_ = wrong;
    }
    if (wrong.empty()) reported_.clear();
    wrong_ = wrong;
  }

  const std::string folder_;
  const std::string service_;
  prometheus::Gauge& certificate_end_;
  prometheus::Gauge& authority_end_;
  CertificateFiles files_;
  time_t version_ = 0;
  MemoryFile identity_;
  MemoryFile authority_;
  std::string wrong_;
  std::string reported_;
  std::unique_ptr<Worker> worker_;
};

TransportSecurity::TransportSecurity() = default;
TransportSecurity::~TransportSecurity() = default;

std::string TransportSecurity::ReadSetting(Settings& env) {
  return env.String("TLS_DIR", "",
                    "Folder with tls.crt, tls.key and ca.crt for gRPC with certificates on both "
                    "sides, read again when they change; empty: plaintext.");
}

absl::StatusOr<std::unique_ptr<TransportSecurity>> TransportSecurity::Open(
    const std::string& folder, const std::string& service, Metrics& metrics) {
  std::unique_ptr<TransportSecurity> security(new TransportSecurity);
  if (folder.empty()) {
    security->server_ = grpc::InsecureServerCredentials();
    security->channel_ = grpc::InsecureChannelCredentials();
    return security;
  }
  auto watch = std::make_unique<Watch>(folder, service, metrics);
  if (const absl::Status status = watch->Start(); !status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("TLS_DIR (", folder, "): ", std::string(status.message())));
  }
  const auto provider = watch->NewProvider();
  grpc::experimental::TlsServerCredentialsOptions server(provider);
  server.watch_root_certs();
  server.watch_identity_key_cert_pairs();
  server.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  security->server_ = grpc::experimental::TlsServerCredentials(server);
  grpc::experimental::TlsChannelCredentialsOptions channel;
  channel.set_certificate_provider(provider);
  channel.watch_root_certs();
  channel.watch_identity_key_cert_pairs();
  security->channel_ = grpc::experimental::TlsCredentials(channel);
  security->watch_ = std::move(watch);
  return security;
}

}  // namespace rostrum
