// Symbols: which function an address of this process belongs to, from the symbol tables of the files that are mapped.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace portolan::pprof {

/// A part of a file that is mapped executable.
struct Mapping {
  uintptr_t start = 0, end = 0, offset = 0;
  std::string file;
  uintptr_t base = 0;  // what is added to the file's addresses
  bool has_symbols = false;
};

/// A snapshot of the process; for one thread.
class Symbols {
 public:
  Symbols();
  const std::vector<Mapping>& mappings() const { return mappings_; }
  /// The mapping of `address`, from 0; -1: none.
  int mapping_of(uintptr_t address) const;
  /// Demangled; empty when it is not known.
  std::string name(uintptr_t address);

 private:
  struct Function {
    uintptr_t start = 0, end = 0;  // addresses of the file
    std::string name;
  };
  static std::vector<Function> read(const std::string& file);

  std::vector<Mapping> mappings_;
  std::map<std::string, std::vector<Function>> functions_;  // by file, in order
};

}  // namespace portolan::pprof
