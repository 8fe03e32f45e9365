#include "config/source_text.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/assert.h"
#include "config/utf8.h"

namespace mcpctl::config {
namespace {

constexpr std::size_t widest_line = 120;
constexpr std::size_t neighbourhood = 600;  ///< bytes looked at on each side of the caret
constexpr std::size_t most_problems = 300;  ///< of each severity
constexpr std::size_t lead_in = 40;         ///< columns kept before the caret of a cut line

}  // namespace

SourceText::SourceText(std::string path, std::string text)
    : path_(std::move(path)), text_(std::move(text)), line_starts_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

std::string SourceText::folder() const {
  const std::size_t slash = path_.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path_.substr(0, slash);
}

std::size_t SourceText::line_of(std::size_t offset) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  return static_cast<std::size_t>(after - line_starts_.begin()) - 1;
}

Location SourceText::locate(std::size_t offset) const {
  const std::size_t line = line_of(offset);
  return {path_, line + 1, offset - line_starts_[line] + 1};
}

void SourceText::cover(std::vector<Span> secrets, std::size_t end) {
  std::sort(secrets.begin(), secrets.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  covers_.clear();
  for (Span span : secrets) {
    span.end = std::min(span.end, end);
    if (span.begin >= span.end) continue;
    if (!covers_.empty() && span.begin <= covers_.back().span.end) {
      covers_.back().span.end = std::max(covers_.back().span.end, span.end);
    } else {
      covers_.push_back({span, "[redacted]"});
    }
  }
  if (end < text_.size()) covers_.push_back({{end, text_.size()}, "…"});
}

const SourceText::Cover* SourceText::cover_at(std::size_t offset) const {
  const auto after =
      std::upper_bound(covers_.begin(), covers_.end(), offset,
                       [](std::size_t at, const Cover& each) { return at < each.span.end; });
  return after != covers_.end() && after->span.begin <= offset ? &*after : nullptr;
}

SourceText::Excerpt SourceText::excerpt(std::size_t line, Span at) const {
  // A minified file is one long line; only the neighbourhood matters.
  const auto is_continuation = [&](std::size_t i) {
    return (static_cast<unsigned char>(text_[i]) & 0xc0) == 0x80;
  };
  std::size_t begin = line_starts_[line];
  if (line == 0 && std::string_view{text_}.starts_with("\xef\xbb\xbf")) begin = 3;
  std::size_t end = std::min(text_.find('\n', at.begin), text_.size());
  if (end > begin && text_[end - 1] == '\r') --end;
  Excerpt shown;
  shown.cut = at.begin > begin + neighbourhood;
  if (shown.cut) {
    begin = at.begin - neighbourhood;
    while (begin < at.begin && is_continuation(begin)) ++begin;
  }
  end = std::min(end, at.begin + neighbourhood);
  while (end < text_.size() && end > at.begin && is_continuation(end)) --end;

  std::optional<std::size_t> first;
  std::optional<std::size_t> last;
  for (std::size_t offset = begin; offset < end;) {
    const Cover* cover = cover_at(offset);
    const std::size_t length =
        std::max<std::size_t>(1, utf8_length(std::string_view{text_}.substr(offset, end - offset)));
    const std::size_t next = cover ? std::min(cover->span.end, end) : offset + length;
    if (!first && at.begin < next) first = shown.cells.size();
    if (!last && at.end <= offset) last = shown.cells.size();
    if (cover != nullptr) {
      for (std::string_view rest = cover->shown; !rest.empty();) {
        const std::size_t taken = utf8_length(rest);
        shown.cells.emplace_back(rest.substr(0, taken));
        rest.remove_prefix(taken);
      }
    } else if (text_[offset] == '\t') {
      shown.cells.emplace_back(" ");
    } else {
      const std::string cell = in_quotes(std::string_view{text_}.substr(offset, length));
      shown.cells.push_back(cell.substr(1, cell.size() - 2));
    }
    offset = next;
  }
  shown.begin = first.value_or(shown.cells.size());
  shown.end = last.value_or(shown.cells.size());
  return shown;
}

Problem SourceText::problem(Problem::Severity severity, Span at, std::string message,
                            std::string suggestion) const {
  at.begin = std::min(at.begin, text_.size());
  at.end = std::clamp(at.end, at.begin, text_.size());
  Problem problem{severity, locate(at.begin), std::move(message), {}, 0, 1, std::move(suggestion)};
  Excerpt shown = excerpt(line_of(at.begin), at);

  std::size_t from = 0;
  if (shown.cut || shown.cells.size() > widest_line) {
    if (shown.begin > lead_in) from = shown.begin - lead_in;
    if (shown.cells.size() > from + widest_line) {
      shown.cells.resize(from + widest_line);
      shown.cells.emplace_back("…");
    }
    if (from > 0) shown.cells[from] = "…";
  }
  const std::size_t end = std::min(shown.end, shown.cells.size());
  for (std::size_t i = from; i < shown.cells.size(); ++i) problem.source_line += shown.cells[i];
  problem.caret = shown.begin - from;
  problem.width = end > shown.begin ? end - shown.begin : 1;
  return problem;
}

void Report::error(Place at, std::string message, std::string suggestion) {
  add(Problem::Severity::error, at, std::move(message), std::move(suggestion));
}

void Report::warning(Place at, std::string message, std::string suggestion) {
  add(Problem::Severity::warning, at, std::move(message), std::move(suggestion));
}

void Report::add(Problem::Severity severity, Place at, std::string message,
                 std::string suggestion) {
  MCPCTL_ASSERT(at.source != nullptr);
  std::size_t& count = severity == Problem::Severity::error ? errors_ : warnings_;
  if (++count > most_problems) return;
  problems_.push_back(
      at.source->problem(severity, at.span, std::move(message), std::move(suggestion)));
}

std::vector<Problem> Report::take(const std::vector<std::string>& files) {
  using Rank = std::tuple<std::ptrdiff_t, std::size_t, std::size_t, std::string>;
  std::vector<std::pair<Rank, Problem>> ranked;
  for (Problem& problem : problems_) {
    const auto file = std::find(files.begin(), files.end(), problem.where.file);
    Rank rank{file - files.begin(), problem.where.line, problem.where.column, problem.message};
    ranked.emplace_back(std::move(rank), std::move(problem));
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Problem> sorted;
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    const bool repeated = i > 0 && ranked[i].first == ranked[i - 1].first;
    if (!repeated) sorted.push_back(std::move(ranked[i].second));
  }
  problems_.clear();
  return sorted;
}

}  // namespace mcpctl::config
