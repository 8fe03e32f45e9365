// "Did you mean …?": the word of a list that a mistyped one most likely meant.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mcpctl::config {

/// Edits between two words: insert, delete, replace or swap neighbours (optimal
/// string alignment), ASCII case ignored; gives up and returns `limit` + 1 beyond it.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

/// The candidate nearest to `word`, when it is near enough to be meant: one edit
/// for each three letters, three at most.  Ties go to the earlier candidate.
std::optional<std::string> closest(std::string_view word,
                                   std::span<const std::string_view> candidates);

/// "did you mean …?", or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);
/// The same as the end of a sentence: "; did you mean …?".
std::string did_you_mean_clause(std::string_view word,
                                std::span<const std::string_view> candidates);

}  // namespace mcpctl::config
