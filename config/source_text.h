// One file of the users, held while it is read: turns byte offsets into lines and
// columns, and cuts the line that a Problem shows, with secrets covered.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/jsonc.h"
#include "config/problem.h"

namespace mcpctl::config {

class SourceText {
 public:
  /// `path` is absolute; `text` may be any bytes.
  SourceText(std::string path, std::string text);

  const std::string& path() const { return path_; }
  std::string_view text() const { return text_; }

  /// The folder of the file, without a slash at its end (but "/" itself).
  std::string folder() const;

  Location locate(std::size_t offset) const;

  /// From now on these bytes are shown as "[redacted]", and nothing from `end` on.
  void cover(std::vector<Span> secrets, std::size_t end);

  Problem problem(Problem::Severity severity, Span at, std::string message,
                  std::string suggestion) const;

 private:
  struct Cover {
    Span span;
    std::string_view shown;
  };
  struct Excerpt {
    std::vector<std::string> cells;  ///< one per column
    std::size_t begin{0};            ///< columns of the span
    std::size_t end{0};
    bool cut{false};  ///< the line began earlier
  };
  Excerpt excerpt(std::size_t line, Span at) const;
  const Cover* cover_at(std::size_t offset) const;
  std::size_t line_of(std::size_t offset) const;

  std::string path_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
  std::vector<Cover> covers_;  ///< by span.begin, disjoint
};

/// Something in one of the files, for a message about it.  Borrows the file.
struct Place {
  const SourceText* source{nullptr};
  Span span;
};

/// Collects the problems of one reading.  Beyond some hundreds of errors, and of
/// warnings, more would help nobody, and are dropped.
class Report {
 public:
  void error(Place at, std::string message, std::string suggestion = {});
  void warning(Place at, std::string message, std::string suggestion = {});

  /// In the order of the files and of the text; the same thing is said once.
  std::vector<Problem> take(const std::vector<std::string>& files);

 private:
  void add(Problem::Severity severity, Place at, std::string message, std::string suggestion);
  std::vector<Problem> problems_;
  std::size_t errors_{0};
  std::size_t warnings_{0};
};

}  // namespace mcpctl::config
