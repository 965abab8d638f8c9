// The command line, as CoreDNS takes it: Go's flag syntax (-flag, --flag, -flag=value, -flag value).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace portolan::server {

struct Flags {
  std::string conf;         // "stdin": standard input; empty: ./Corefile if there is one
  std::string port = "53";  // -dns.port, -p
  std::string pidfile;
  bool plugins = false;
  bool quiet = false;
  bool version = false;
  bool check = false;          // parse and set up everything, open no socket
  bool print_options = false;  // the option tables as JSON
  bool print_rbac = false;     // what the Corefile asks of an API server, as a ClusterRole
  std::string completion;      // a shell: print the script with which it completes this command line
  std::string describe;        // a plugin: print what it takes
  bool help = false;
  std::vector<std::string> rest;  // arguments that are no flags
};

/// Errors of usage, which exit with 2: an unknown flag, a missing or malformed value; the text is Go's ("flag provided
/// but not defined: -x").
Result<Flags> parse_flags(const std::vector<std::string>& args);

/// What is wrong with values that were understood, which exits with 1, as in CoreDNS: arguments that are no flags, a
/// port that is none. Gives the port.
Result<uint16_t> check_flags(const Flags& flags);

/// One flag, for people.
struct FlagHelp {
  std::string_view name;      // without the dash
  std::string_view argument;  // empty: a switch
  std::string_view help;
};
/// All flags by name.
std::vector<FlagHelp> flag_table();

/// What -help prints.
std::string usage(const std::string& program);

}  // namespace portolan::server
