#include "gateway/admission.h"

#include <algorithm>
#include <utility>

#include "config/sha256.h"
#include "loop/address.h"
#include "relay/tool_filter.h"

namespace mcpctl::gateway {
namespace {

/// "[::1]:80" and "host:80" without the port, "[::1]" without its brackets.
std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    return end == std::string_view::npos ? "" : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool is_loopback_name(std::string_view host) {
  if (http::equal_ignoring_case(host, "localhost")) return true;
  const auto address = loop::Address::ip(host, 0);
  return address && address->is_loopback();
}

bool is_wildcard(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

}  // namespace

bool equal_digests(const std::array<std::uint8_t, 32>& a, const std::array<std::uint8_t, 32>& b) {
  unsigned differing = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differing |= unsigned{a[i]} ^ b[i];
  return differing == 0;
}

Admission::Admission(config::Gateway config, std::string host) : host_(std::move(host)) {
  reconfigure(std::move(config));
}

void Admission::reconfigure(config::Gateway config) {
  std::vector<std::size_t> numbers;
  for (const config::Token& token : config.tokens) {
    const auto before = std::ranges::find(config_.tokens, token.digest, &config::Token::digest);
    const auto index = static_cast<std::size_t>(before - config_.tokens.begin());
    numbers.push_back(index < numbers_.size() ? numbers_[index] : next_number_++);
  }
  config_ = std::move(config);
  numbers_ = std::move(numbers);
}

Verdict Admission::judge(const http::Request& request) const {
  if (!knows_host(request.headers.get("Host"))) {
    return {403, "this Host is not served here; see gateway.allowedHosts"};
  }
  const auto origin = request.headers.find("Origin");
  if (origin && (request.headers.count("Origin") > 1 || !knows_origin(*origin))) {
    return {403, "pages of this Origin may not enter; see gateway.allowedOrigins"};
  }
  if (config_.tokens.empty()) return {};
  std::string_view given = request.headers.get("Authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (given.size() <= scheme.size() ||
      !http::equal_ignoring_case(given.substr(0, scheme.size()), scheme)) {
    return {401, "a bearer token is needed"};
  }
  given.remove_prefix(given.find_first_not_of(' ', scheme.size()) == std::string_view::npos
                          ? given.size()
                          : given.find_first_not_of(' ', scheme.size()));
  const auto digest = config::sha256(given);
  Principal found;
  for (std::size_t i = 0; i < config_.tokens.size(); ++i) {
    if (equal_digests(config_.tokens[i].digest, digest)) found.token = numbers_[i];
  }
  if (found.token == Principal::none) return {401, "this token is not known"};
  return {0, "", found};
}

bool Admission::knows_host(std::string_view host) const {
  const std::string_view name = host_of(host);
  // A literal address cannot be rebound to another one.
  if (name == host_ || is_loopback_name(name)) return true;
  const auto is_meant = [&](const std::string& allowed) {
    return http::equal_ignoring_case(allowed, host) || http::equal_ignoring_case(allowed, name);
  };
  if (std::any_of(config_.allowed_hosts.begin(), config_.allowed_hosts.end(), is_meant)) {
    return true;
  }
  return is_wildcard(host_) && loop::Address::ip(name, 0).has_value();
}

bool Admission::knows_origin(std::string_view origin) const {
  const auto is_meant = [&](const std::string& allowed) {
    return http::equal_ignoring_case(allowed, origin);
  };
  const auto& allowed = config_.allowed_origins;
  if (std::any_of(allowed.begin(), allowed.end(), is_meant)) return true;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return is_loopback_name(host_of(origin.substr(scheme.size())));
  }
  return false;
}

const config::Token* Admission::token_of(Principal principal) const {
  const auto number = std::ranges::find(numbers_, principal.token);
  return number == numbers_.end()
             ? nullptr
             : &config_.tokens[static_cast<std::size_t>(number - numbers_.begin())];
}

bool Admission::is_known(Principal principal) const {
  return config_.tokens.empty() ? principal == Principal{} : token_of(principal) != nullptr;
}

const std::vector<std::string>* Admission::scopes(Principal principal) const {
  const config::Token* token = token_of(principal);
  return token == nullptr || token->scopes.empty() ? nullptr : &token->scopes;
}

bool Admission::may_enter(Principal principal, std::string_view server) const {
  if (!is_known(principal)) return false;
  const auto* limits = scopes(principal);
  if (limits == nullptr) return true;
  if (server.empty()) return false;
  return std::any_of(limits->begin(), limits->end(), [&](const std::string& scope) {
    // Names may have dots themselves: any dot may be the one between server and tool.
    for (std::size_t dot = scope.find('.'); dot != scope.npos; dot = scope.find('.', dot + 1)) {
      if (relay::matches_glob(std::string_view{scope}.substr(0, dot), server)) return true;
    }
    return relay::matches_glob(scope, server);
  });
}

bool Admission::may_ask(Principal principal, std::string_view server, std::string_view method,
                        std::string_view tool) const {
  const auto* limits = scopes(principal);
  if (limits == nullptr) return true;
  const std::string whole = std::string{server} + ".";
  const auto covers = [&](const std::string& wanted) {
    return std::any_of(limits->begin(), limits->end(), [&](const std::string& scope) {
      return relay::matches_glob(scope, wanted);
    });
  };
  if (method == "tools/call") return covers(whole + std::string{tool});
  if (method == "tools/list" || method == "ping" || method == "logging/setLevel") return true;
  if (method.starts_with("tasks/")) return true;  // each has its own, by whatever tool
  // Everything else a server has needs all of the server.
  return std::any_of(limits->begin(), limits->end(), [&](const std::string& scope) {
    return scope == "*" || scope == whole + "*" ||
           (scope.ends_with(".*") &&
            relay::matches_glob(std::string_view{scope}.substr(0, scope.size() - 2), server));
  });
}

std::string_view Admission::name(Principal principal) const {
  const config::Token* token = token_of(principal);
  return token == nullptr ? std::string_view{} : token->name;
}

}  // namespace mcpctl::gateway
