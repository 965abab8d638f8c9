// Reporting errors and counting those that are put together.
#include "plugins/errors/errors.h"

#include <cxxabi.h>
#include <execinfo.h>

#include <cstdlib>
#include <typeinfo>

#include "plugins/common/go_duration.h"
#include "plugins/common/text_buffer.h"

namespace portolan::errors {
namespace {

constexpr dns::Ede kPanic{dns::EdeCode::other, "internal error"};

}  // namespace

/// Errors of one pattern within one period. The period begins with its first error and ends on the background loop,
/// which may be after the configuration is gone.
class Errors::Counted : public std::enable_shared_from_this<Counted> {
 public:
  Counted(Consolidation consolidation, Loop& background) : what_(std::move(consolidation)), background_(background) {}

  const Consolidation& what() const { return what_; }

  /// Any worker. True when this error is to be shown by itself.
  bool count() {
    if (count_.fetch_add(1, std::memory_order_acq_rel) > 0) return false;
    background_.post([self = shared_from_this()] { self->begin_period(); });
    return what_.show_first;
  }

  void write() {
    const uint64_t count = count_.exchange(0, std::memory_order_acq_rel);
    if (count == 0 || (count == 1 && what_.show_first)) return;
    log::write(what_.level, "plugin/errors: " + std::to_string(count) + " errors like '" + what_.pattern.source() +
                                "' occurred in last " + go_duration(what_.period));
  }

  /// The background loop's thread. The timer goes: it must not outlive its loop.
  void end() {
    ended_ = true;
    timer_.reset();
    write();
  }

 private:
  void begin_period() {
    if (ended_) return write();
    timer_.emplace(background_);
    timer_->start(what_.period, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->write();
    });
  }

  const Consolidation what_;
  Loop& background_;
  std::atomic<uint64_t> count_{0};
  std::optional<Timer> timer_;
  bool ended_ = false;
};

Errors::Errors(Options options, Loop& background) : stacktrace_(options.stacktrace), ede_(options.ede) {
  for (Consolidation& each : options.consolidations) {
    counted_.push_back(std::make_shared<Counted>(std::move(each), background));
  }
}

Errors::~Errors() = default;

void Errors::stop(server::Deadline) noexcept {
  for (const auto& counted : counted_) counted->end();
}

Task<server::Outcome> Errors::serve(server::Query& query, server::Next next) {
  if (ede_) query.ede = &kPanic;  // stays when an exception comes by
  if (stacktrace_) return serve_traced(query, next);
  Task<server::Outcome> rest = next(query);
  if (!rest.ready()) return report_later(query, std::move(rest));
  const server::Outcome outcome = rest.take();
  look_at(query, outcome);
  return outcome;
}

void Errors::look_at(server::Query& query, const server::Outcome& outcome) {
  if (ede_) query.ede = outcome.ede;
  if (!outcome.cause.empty()) report(query, outcome);
}

Task<server::Outcome> Errors::report_later(server::Query& query, Task<server::Outcome> rest) {
  const server::Outcome outcome = co_await rest;
  look_at(query, outcome);
  co_return outcome;
}

void Errors::report(server::Query& query, const server::Outcome& outcome) {
  log::Level level = log::Level::error;
  for (const auto& counted : counted_) {
    if (!counted->what().pattern.matches(outcome.cause)) continue;
    if (!counted->count()) return;
    level = counted->what().level;
    break;
  }
  TextBuffer text(query.arena());
  text.append("plugin/errors: ").number(static_cast<uint16_t>(outcome.rcode)).append(' ');
  text.name(query.question.lower).append(' ').append(dns::text(query.question.type)).append(": ").append(outcome.cause);
  log::write(level, text.text());
}

namespace {

// The stack from here down: the exception's own frames are gone, those that led to the plugin are not.
void log_stack() {
  void* frames[64];
  const int depth = backtrace(frames, 64);
  char** symbols = backtrace_symbols(frames, depth);
  for (int i = 0; symbols != nullptr && i < depth; ++i) log::error(std::string("plugin/errors:   ") + symbols[i]);
  std::free(symbols);
}

void log_exception(const server::Query& query, const std::string& type, const char* what) {
  int status = 0;
  char* readable = abi::__cxa_demangle(type.c_str(), nullptr, nullptr, &status);
  log::error("plugin/errors: recovered from " + std::string(status == 0 ? readable : type.c_str()) + " at " +
             query.question.lower.text() + " " + dns::text(query.question.type) + ": " + what);
  std::free(readable);
  log_stack();
}

}  // namespace

// The exception goes on to the server, which counts it and answers SERVFAIL.
Task<server::Outcome> Errors::serve_traced(server::Query& query, server::Next next) {
  try {
    Task<server::Outcome> rest = next(query);
    const server::Outcome outcome = co_await rest;
    look_at(query, outcome);
    co_return outcome;
  } catch (const std::exception& error) {
    log_exception(query, typeid(error).name(), error.what());
    throw;
  }
}

}  // namespace portolan::errors
