// "did you mean": the word a person most likely wanted.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace portolan::corefile {

/// The candidate nearest to `word` (insertions, deletions, replacements and swaps of neighbours; case ignored), or an
/// empty view if none is near enough to be meant.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

/// What is put behind an error: `; did you mean 'max_fails'?`, or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace portolan::corefile
