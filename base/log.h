// The process log, in CoreDNS's line form on standard output: `[INFO] plugin/reload: ...`. Writing never blocks the
// caller: lines go into a bounded queue of their thread and leave by one writer thread; what does not fit is dropped,
// counted and said.
#pragma once

#include <cstdint>
#include <string_view>

namespace portolan::log {

enum class Level : uint8_t { debug, info, warning, error, fatal };

/// Writes `[LEVEL] TEXT`. Callable from any thread.
void write(Level level, std::string_view text);
inline void info(std::string_view text) { write(Level::info, text); }
inline void warning(std::string_view text) { write(Level::warning, text); }
inline void error(std::string_view text) { write(Level::error, text); }
/// Written only once some server block has the `debug` plugin.
void debug(std::string_view text);
void enable_debug(bool on);
bool debug_enabled();

/// Writes a line as it is, without a level (start banner, `-quiet` left to the caller).
void plain(std::string_view line);

/// Same text at most once per `interval_seconds`; then with "(N more in the last M seconds)".
void limited(Level level, std::string_view text, unsigned interval_seconds = 10);

/// Lines dropped so far because standard output was not read fast enough.
uint64_t dropped();

/// Waits up to `milliseconds` until everything queued has been written; for the end of the process.
void flush(unsigned milliseconds);

/// Where lines go instead of standard output, for tests; the descriptor stays the caller's.
void set_output(int descriptor);

}  // namespace portolan::log
