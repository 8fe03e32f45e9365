#include "http/known_head.h"

#include <charconv>

namespace mcpctl::http {
namespace {

/// The number that all of `digits` make; 0 if they do not.
std::uint64_t number_of(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, number);
  return error == std::errc{} && stopped == end ? number : 0;
}

}  // namespace

void KnownHead::keep(const Headers& headers, std::string_view length, const llhttp_t& after_head) {
  after_head_ = after_head;
  length_at_ = static_cast<std::size_t>(length.data() - headers.held().data());
  length_size_ = length.size();
}

std::size_t KnownHead::take(std::string_view bytes, std::uint64_t longest_body, Headers& headers,
                            llhttp_t& parser) const {
  const std::string_view head = headers.held();
  if (bytes.size() < head.size()) return 0;
  const std::size_t length_end = length_at_ + length_size_;
  const bool is_same =
      bytes.substr(0, length_at_) == head.substr(0, length_at_) &&
      bytes.substr(length_end, head.size() - length_end) == head.substr(length_end);
  if (!is_same) return 0;
  const std::string_view digits = bytes.substr(length_at_, length_size_);
  const std::uint64_t length = number_of(digits);
  if (length == 0 || length > longest_body) return 0;
  headers.overwrite(length_at_, digits);
  parser = *after_head_;
  parser.content_length = length;
  return head.size();
}

}  // namespace mcpctl::http
