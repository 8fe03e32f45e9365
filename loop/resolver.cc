#include "loop/resolver.h"

#include <netdb.h>
#include <uv.h>

#include <memory>

#include "loop/pool.h"
#include "loop/signal.h"

namespace mcpctl::loop {

struct Lookup::Request {
  uv_getaddrinfo_t raw{};
  std::string host;
  Done done;
  Lookup* owner{nullptr};  // null once forgotten

  Error error(int code) const { return Error{"cannot resolve " + host + ": " + uv_strerror(code)}; }

  static void finished(uv_getaddrinfo_t* raw, int status, addrinfo* list) noexcept {
    const std::unique_ptr<Request> request{static_cast<Request*>(raw->data)};
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> freed{list, uv_freeaddrinfo};
    if (request->owner == nullptr) return;
    request->owner->request_ = nullptr;
    std::vector<Address> addresses;
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
      addresses.push_back(Address::from(one->ai_addr, one->ai_addrlen));
    }
    if (status == 0 && addresses.empty()) status = UV_EAI_NODATA;
    if (status < 0) return request->done(std::unexpected{request->error(status)});
    request->done(std::move(addresses));
  }
};

Lookup::Lookup(Loop& loop, std::string host, std::uint16_t port, Done done) {
  auto request = std::make_unique<Request>();
  request->host = std::move(host);
  request->done = std::move(done);
  request->raw.data = request.get();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  const SignalsHeld held;  // as for other work on the threadpool
  const int error = is_pool_granted() ? uv_getaddrinfo(loop.raw(), &request->raw, Request::finished,
                                                       request->host.c_str(),
                                                       std::to_string(port).c_str(), &hints)
                                      : UV_EAGAIN;
  if (error < 0) {  // a name that is too long, say
    loop.post([failed = request->error(error), callback = std::move(request->done)]() mutable {
      callback(std::unexpected{std::move(failed)});
    });
    return;
  }
  request_ = request.release();
  request_->owner = this;
}

Lookup::~Lookup() { forget(); }

Lookup::Lookup(Lookup&& other) noexcept : request_(std::exchange(other.request_, nullptr)) {
  if (request_ != nullptr) request_->owner = this;
}

Lookup& Lookup::operator=(Lookup&& other) noexcept {
  if (this == &other) return *this;
  forget();
  request_ = std::exchange(other.request_, nullptr);
  if (request_ != nullptr) request_->owner = this;
  return *this;
}

void Lookup::forget() noexcept {
  Request* request = std::exchange(request_, nullptr);
  if (request == nullptr) return;
  request->owner = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&request->raw));  // too late is fine
}

}  // namespace mcpctl::loop
