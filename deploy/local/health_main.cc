// Asks a gRPC server whether it serves (grpc.health.v1), for scripts on a
// machine that has no other gRPC client.
//
//   rostrum-health HOST:PORT [SECONDS]
//
// With TLS_DIR (a folder with tls.crt, tls.key and ca.crt) over TLS, as whom the
// certificate says. Waits up to SECONDS (default 5) for the server to be there and to say SERVING.
// Exit status 0 if it does, 1 if not (stderr says why), 2 for wrong usage.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"

namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

// A HealthCheckResponse that says SERVING: field 1, the value 1. The request is
// the empty message, so neither needs generated code.
constexpr char kServing[] = "\x08\x01";
constexpr char kNotServing[] = "not serving";

// One question. True for SERVING; else `why` says what came instead. With `wait`
// it is asked once the server is there: gRPC connects only while somebody waits
// for an answer, so a question that fails at once gets a slow handshake nowhere.
bool Serves(grpc::GenericStub& stub, system_clock::time_point deadline, bool wait,
            std::string& why) {
  grpc::ClientContext context;
  context.set_deadline(deadline);
  context.set_wait_for_ready(wait);
  grpc::CompletionQueue queue;
  const grpc::Slice empty;
  const grpc::ByteBuffer request(&empty, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  const auto call =
      stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  call->Finish(&response, &status, &queue);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) {
    why = status.error_message();
    return false;
  }
  grpc::Slice answer;
  if (!response.DumpToSingleSlice(&answer).ok() ||
      std::string(answer.begin(), answer.end()) != kServing) {
    why = kNotServing;
    return false;
  }
  return true;
}

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in && !text.empty()) return text;
  (void)std::fprintf(stderr, "rostrum-health: TLS_DIR: cannot read %s\n", path.c_str());
  return std::nullopt;
}

// Nothing if the certificates cannot be read.
std::shared_ptr<grpc::ChannelCredentials> Credentials() {
  // Nothing of this program changes the environment.
  const char* folder = std::getenv("TLS_DIR");  // NOLINT(concurrency-mt-unsafe)
  if (folder == nullptr || *folder == '\0') return grpc::InsecureChannelCredentials();
  const std::string base = std::string(folder) + "/";
  const auto roots = ReadFile(base + "ca.crt");
  const auto key = ReadFile(base + "tls.key");
  const auto certificate = ReadFile(base + "tls.crt");
  if (!roots || !key || !certificate) return nullptr;
  return grpc::SslCredentials({*roots, *key, *certificate});
}

}  // namespace

int main(int argc, char** argv) {
  char* end = nullptr;
  const double seconds = argc == 3 ? std::strtod(argv[2], &end) : 5;
  if (argc < 2 || argc > 3 || (argc == 3 && (*end != '\0' || !(seconds > 0 && seconds <= 600)))) {
    (void)std::fprintf(stderr, "usage: rostrum-health HOST:PORT [SECONDS]\n");
    return 2;
  }
  const auto credentials = Credentials();
  if (credentials == nullptr) return 2;
  grpc::ChannelArguments arguments;
  // A server that is just starting is asked again soon.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  grpc::GenericStub stub(grpc::CreateCustomChannel(argv[1], credentials, arguments));
  const auto wait =
      std::chrono::duration_cast<system_clock::duration>(std::chrono::duration<double>(seconds));
  const auto give_up = steady_clock::now() + wait;
  const auto deadline = system_clock::now() + wait;
  std::string why;
  do {
    if (Serves(stub, deadline, /*wait=*/true, why)) return 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  } while (steady_clock::now() < give_up);
  // Why it could not connect is told to those only who do not wait.
  if (why != kNotServing &&
      Serves(stub, system_clock::now() + std::chrono::seconds(1), /*wait=*/false, why)) {
    return 0;
  }
  (void)std::fprintf(stderr, "rostrum-health: %s: %s\n", argv[1], why.c_str());
  return 1;
}
