// Result<T>: a value or an error with a message for a person. Used by everything that is set up or read from outside;
// the query path has its own values (dns::ParseError, server::Outcome).
#pragma once

#include <boost/system/result.hpp>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

namespace portolan {

/// What went wrong, in one line: lower case start, no full stop (STYLE: who, place, what was found, what was expected).
struct Error {
  std::string message;

  Error() = default;
  /// `Error{"text"}`. A list of one and no plain constructor, because a Result<std::string> must tell a value from an
  /// error.
  Error(std::initializer_list<std::string> one) : message(*one.begin()) {}
};

/// Found by argument-dependent lookup when .value() is called on a failed result: a bug, not a state.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.message);
}

template <class T = void>
using Result = boost::system::result<T, Error>;

/// A failed result of any type: `return fail("...")`.
inline Error fail(std::string message) { return Error{std::move(message)}; }

}  // namespace portolan
