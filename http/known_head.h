// The head of a client's last request, as far as it spares reading the next one: a client
// mostly sends the same head again, and bytes that are equal mean the same.  For http/ only.
#pragma once
#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace mcpctl::http {

class KnownHead {
 public:
  /// `headers` hold all of the head and nothing else; `length` is the value of its one
  /// Content-Length, in there; `after_head` is where the parser stands behind it.
  void keep(const Headers& headers, std::string_view length, const llhttp_t& after_head);
  void forget() noexcept { after_head_.reset(); }
  bool is_kept() const noexcept { return after_head_.has_value(); }

  /// Only while a head is kept, with the same headers.  If `bytes` begin with that head but for
  /// the digits of its Content-Length, which may say from 1 to `longest_body`: `headers` get
  /// the digits, `parser` stands behind the head, and the size of it is returned.  Else 0, and
  /// nothing has changed.
  std::size_t take(std::string_view bytes, std::uint64_t longest_body, Headers& headers,
                   llhttp_t& parser) const;

 private:
  std::optional<llhttp_t> after_head_;  // a plain struct, with all that llhttp knows
  std::size_t length_at_{0};            // in the head
  std::size_t length_size_{0};
};

}  // namespace mcpctl::http
