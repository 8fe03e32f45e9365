#include "config/dotenv.h"

#include <algorithm>
#include <map>

namespace mcpctl::config {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

void trim(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && (is_blank(text.back()) || text.back() == '\r')) text.remove_suffix(1);
}

class DotenvParser {
 public:
  explicit DotenvParser(std::string_view text) : text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
  }

  Result<Variables> run() {
    for (; at_ < text_.size(); ++line_) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      std::string_view line = text_.substr(at_, end - at_);
      trim(line);
      if (line.empty() || line.front() == '#') {
        at_ = std::min(end + 1, text_.size());
        continue;
      }
      if (auto done = assignment(line, end); !done) return std::unexpected{done.error()};
    }
    return Variables(variables_.begin(), variables_.end());
  }

 private:
  std::unexpected<Error> fail(std::string_view why) const {
    return failure("line " + std::to_string(line_) + ": " + std::string{why});
  }

  Result<void> assignment(std::string_view line, std::size_t line_end) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return fail("expected NAME=value");
    std::string_view name = line.substr(0, equals);
    if (name.starts_with("export") && name.size() > 6 && is_blank(name[6])) name.remove_prefix(6);
    trim(name);
    const auto breaks_name = [](char c) { return is_blank(c) || c == '"' || c == '\''; };
    if (name.empty() || std::any_of(name.begin(), name.end(), breaks_name)) {
      return fail("not a name of a variable before \"=\"");
    }
    std::string_view value = line.substr(equals + 1);
    trim(value);
    if (value.starts_with('"') || value.starts_with('\'')) {
      at_ = static_cast<std::size_t>(value.data() - text_.data());
      return quoted_value(std::string{name});
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '#' && (i == 0 || is_blank(value[i - 1]))) {
        value = value.substr(0, i);
        break;
      }
    }
    trim(value);
    set(std::string{name}, std::string{value});
    at_ = std::min(line_end + 1, text_.size());
    return {};
  }

  Result<void> quoted_value(std::string name) {
    const char quote = text_[at_++];
    std::string value;
    std::size_t lines = 0;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_++];
      if (c == '\n') ++lines;
      if (c == '\\' && quote == '"' && at_ < text_.size()) {
        const char escaped = text_[at_++];
        constexpr std::string_view names = "nrt\"\\$";
        constexpr std::string_view meanings = "\n\r\t\"\\$";
        const std::size_t which = names.find(escaped);
        if (which == std::string_view::npos) value += '\\';
        if (escaped == '\n') ++lines;
        c = which == std::string_view::npos ? escaped : meanings[which];
      }
      value += c;
    }
    if (at_ >= text_.size()) return fail("a quote is never closed");
    ++at_;
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string_view rest = text_.substr(at_, end - at_);
    trim(rest);
    if (!rest.empty() && rest.front() != '#')
      return fail("unexpected text after the closing quote");
    at_ = std::min(end + 1, text_.size());
    line_ += lines;
    set(std::move(name), std::move(value));
    return {};
  }

  void set(std::string name, std::string value) {
    variables_.insert_or_assign(std::move(name), std::move(value));
  }

  std::string_view text_;
  std::size_t at_{0};
  std::size_t line_{1};
  std::map<std::string, std::string> variables_;
};

}  // namespace

Result<Variables> parse_dotenv(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return failure("a NUL byte stands in it");
  return DotenvParser{text}.run();
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

}  // namespace mcpctl::config
