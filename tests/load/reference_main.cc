// What the gateway and content are measured beside:
// - over HTTP, a bare Beast server that makes one typed call to content for each
//   request and answers the post as JSON, with as many threads as the gateway;
// - over gRPC, a sync server that answers a post that it holds.
//
// usage: bench_reference CONTENT_TARGET POST_ID THREADS
//
// Prints "HTTP_PORT GRPC_PORT" and serves until its stdin ends.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "boost/asio/async_result.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/core/tcp_stream.hpp"
#include "boost/beast/http.hpp"
#include "google/protobuf/util/json_util.h"
#include "grpcpp/grpcpp.h"
#include "rostrum/content/v1/post_service.grpc.pb.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace pb = rostrum::content::v1;
using Request = beast::http::request<beast::http::empty_body>;
using Response = beast::http::response<beast::http::string_body>;
using asio::ip::tcp;

class Held final : public pb::PostService::Service {
 public:
  explicit Held(pb::Post post) : post_(std::move(post)) {}
  grpc::Status GetPost(grpc::ServerContext*, const pb::GetPostRequest*, pb::Post* post) override {
    *post = post_;
    return grpc::Status::OK;
  }

 private:
  const pb::Post post_;
};

struct Call {
  grpc::ClientContext context;
  pb::GetPostRequest request;
  pb::Post post;
};

asio::awaitable<std::string> PostAsJson(pb::PostService::Stub& stub, std::string id) {
  auto call = std::make_shared<Call>();
  call->request.set_post_id(std::move(id));
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  // Named: g++ 12 miscompiles a lambda with captures inside co_await.
  auto initiate = [call, executor, &stub](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto work = asio::make_work_guard(executor);
    stub.async()->GetPost(&call->context, &call->request, &call->post,
                          [shared, executor, work, call](grpc::Status status) {
                            asio::post(executor,
                                       [shared, ok = status.ok()]() mutable { (*shared)(ok); });
                          });
  };
  const bool ok = co_await asio::async_initiate<decltype(asio::use_awaitable), void(bool)>(
      std::move(initiate), asio::use_awaitable);
  std::string json;
  google::protobuf::util::JsonPrintOptions options;  // as the gateway prints
  options.always_print_primitive_fields = true;
  if (ok) (void)google::protobuf::util::MessageToJsonString(call->post, &json, options);
  co_return json;
}

asio::awaitable<void> Serve(tcp::socket socket, pb::PostService::Stub& stub) {
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer buffer;
  try {
    while (true) {
      Request request;
      co_await beast::http::async_read(stream, buffer, request, asio::use_awaitable);
      const std::string target(request.target());
      Response response;
      response.version(request.version());
      response.keep_alive(request.keep_alive());
      response.set(beast::http::field::content_type, "application/json");
      response.body() = co_await PostAsJson(stub, target.substr(target.rfind('/') + 1));
      if (response.body().empty()) response.result(beast::http::status::bad_gateway);
      response.prepare_payload();
      co_await beast::http::async_write(stream, response, asio::use_awaitable);
    }
  } catch (const std::exception&) {
    // The client went away.
  }
}

asio::awaitable<void> Accept(tcp::acceptor& acceptor, pb::PostService::Stub& stub) {
  while (true) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    const asio::any_io_executor executor = acceptor.get_executor();
    asio::co_spawn(executor, Serve(std::move(socket), stub), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: bench_reference CONTENT_TARGET POST_ID THREADS\n";
    return 2;
  }
  const auto stub =
      pb::PostService::NewStub(grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));
  Call first;
  first.request.set_post_id(argv[2]);
  const grpc::Status status = stub->GetPost(&first.context, first.request, &first.post);
  if (!status.ok()) {
    std::cerr << "bench_reference: " << status.error_message() << "\n";
    return 1;
  }

  Held held(first.post);
  int grpc_port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &grpc_port);
  builder.RegisterService(&held);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;

  asio::io_context context;
  tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
  asio::co_spawn(context, Accept(acceptor, *stub), asio::detached);
  std::cout << acceptor.local_endpoint().port() << " " << grpc_port << std::endl;
  std::vector<std::thread> threads;
  for (int i = 0; i < std::atoi(argv[3]); ++i) threads.emplace_back([&] { context.run(); });
  while (std::cin.get() != std::istream::traits_type::eof()) {
  }
  std::_Exit(0);  // whatever is under way
}
