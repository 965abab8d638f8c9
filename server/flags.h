// The command line, as CoreDNS takes it: Go's flag syntax (-flag, --flag, -flag=value, -flag value).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace portolan::server {

struct Flags {
  std::string conf;    // "stdin": standard input; empty: ./Corefile if there is one
  uint16_t port = 53;  // -dns.port, -p
  std::string pidfile;
  bool plugins = false;
  bool quiet = false;
  bool version = false;
  bool check = false;          // parse and set up everything, open no socket
  bool print_options = false;  // the option tables as JSON
  bool help = false;
};

/// Errors: an unknown flag, a missing or malformed value; the text is Go's ("flag provided but not defined: -x").
Result<Flags> parse_flags(const std::vector<std::string>& args);

/// What -help prints.
std::string usage(const std::string& program);

}  // namespace portolan::server
