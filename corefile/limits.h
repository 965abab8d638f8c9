// Bounds of the Corefile language. CoreDNS has only some of them; all are far above what a real file needs, and keep a
// mistaken or hostile file from taking the process's memory or time.
#pragma once

#include <cstddef>

namespace portolan::corefile {

constexpr size_t kMaxText = size_t{16} << 20;        // octets of the Corefile and everything it imports
constexpr size_t kMaxTokens = 1'000'000;             // after snippets and files have been put in
constexpr size_t kMaxTokenText = size_t{256} << 10;  // octets of one word, environment variables put in
constexpr size_t kMaxDepth = 32;                     // blocks in blocks
constexpr size_t kMaxImports = 10'000;               // uses of `import`, as CoreDNS counts snippets
constexpr size_t kMaxEnvironmentUses = 1'000;        // replacements in one word
constexpr size_t kMaxErrors = 100;                   // reported for one file

}  // namespace portolan::corefile
