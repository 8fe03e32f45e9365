// Writes the heads of a server's answers.  Almost all begin alike, so that a beginning is
// written once and kept, and so is the date of one second.  For http/ only.
#pragma once
#include <cstddef>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace mcpctl::http {

class AnswerHead {
 public:
  /// How the client knows where the body ends; neither: there is none, or it ends with
  /// the connection.
  struct Framing {
    bool chunked{false};
    std::optional<std::size_t> length{};
  };

  /// Status line, fields and the empty line, until the next call.  `content_type`: in
  /// static storage; empty: `headers` have it, if anybody.  Line ends in their values
  /// become spaces.
  std::string_view write(int status, std::string_view content_type, const Headers& headers,
                         Framing framing, bool keep_alive);

 private:
  void begin(int status, std::string_view content_type);
  std::string_view date_line();
  void add(std::string_view name, std::string_view value);

  std::string text_;
  std::size_t beginning_{0};  // of text_, which is kept
  // What it is the beginning of.
  int status_{0};
  std::string_view content_type_;
  // RFC 9110 §5.6.7, and when it was written.
  char date_line_[40]{};
  std::size_t date_size_{0};
  std::time_t dated_{0};
};

}  // namespace mcpctl::http
