// ELF, as far as it is needed: sections, symbol tables and their strings, all checked against the file's size.
#include "plugins/pprof/symbols.h"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <span>

namespace portolan::pprof {
namespace {

std::string own_file() {
  char name[4096];
  const ssize_t size = readlink("/proc/self/exe", name, sizeof name);
  return size > 0 ? std::string(name, static_cast<size_t>(size)) : "/proc/self/exe";
}

/// A file in memory; empty when it cannot be read.
class MappedFile {
 public:
  explicit MappedFile(const std::string& name) {
    const int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status{};
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size > 0) {
      size_ = static_cast<size_t>(status.st_size);
      memory_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
      if (memory_ == MAP_FAILED) size_ = 0;
    }
    if (fd >= 0) close(fd);
  }
  MappedFile(const MappedFile&) = delete;
  ~MappedFile() {
    if (size_ > 0) munmap(memory_, size_);
  }
  /// `count` objects at `offset`; none when the file is too short or they do not lie aligned.
  template <class T>
  std::span<const T> at(size_t offset, size_t count) const {
    if (offset > size_ || count > (size_ - offset) / sizeof(T) || offset % alignof(T) != 0) return {};
    return {reinterpret_cast<const T*>(static_cast<const char*>(memory_) + offset), count};
  }

 private:
  void* memory_ = nullptr;
  size_t size_ = 0;
};

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                         std::free);
  return status == 0 ? text.get() : name;
}

int add_mappings(dl_phdr_info* info, size_t, void* all) {
  auto& mappings = *static_cast<std::vector<Mapping>*>(all);
  const std::string_view name = info->dlpi_name;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = info->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
    Mapping mapping;
    mapping.base = info->dlpi_addr;
    mapping.start = info->dlpi_addr + part.p_vaddr;
    mapping.end = mapping.start + part.p_memsz;
    mapping.offset = part.p_offset;
    mapping.file = name.empty() ? own_file() : std::string(name);  // the program itself has no name here
    mappings.push_back(std::move(mapping));
  }
  return 0;
}

}  // namespace

Symbols::Symbols() {
  dl_iterate_phdr(add_mappings, &mappings_);
  for (Mapping& mapping : mappings_) {
    auto [place, added] = functions_.try_emplace(mapping.file);
    if (added) place->second = read(mapping.file);
    mapping.has_symbols = !place->second.empty();
  }
}

int Symbols::mapping_of(uintptr_t address) const {
  for (size_t i = 0; i < mappings_.size(); ++i) {
    if (address >= mappings_[i].start && address < mappings_[i].end) return static_cast<int>(i);
  }
  return -1;
}

std::string Symbols::name(uintptr_t address) {
  const int index = mapping_of(address);
  if (index < 0) return {};
  const Mapping& mapping = mappings_[static_cast<size_t>(index)];
  const uintptr_t wanted = address - mapping.base;
  const auto& functions = functions_[mapping.file];
  auto found = std::upper_bound(functions.begin(), functions.end(), wanted,
                                [](uintptr_t value, const Function& function) { return value < function.start; });
  if (found == functions.begin()) return {};
  --found;
  return wanted < found->end ? demangled(found->name.c_str()) : std::string();
}

// The whole table (.symtab) where the file was not stripped, else what it offers to others (.dynsym).
std::vector<Symbols::Function> Symbols::read(const std::string& name) {
  std::vector<Function> functions;
  const MappedFile file(name);
  const auto header = file.at<ElfW(Ehdr)>(0, 1);
  if (header.empty() || std::string_view(reinterpret_cast<const char*>(header[0].e_ident), SELFMAG) != ELFMAG)
    return {};
  const auto sections = file.at<ElfW(Shdr)>(header[0].e_shoff, header[0].e_shnum);
  for (const uint32_t kind : {uint32_t{SHT_SYMTAB}, uint32_t{SHT_DYNSYM}}) {
    for (const auto& section : sections) {
      if (section.sh_type != kind || section.sh_link >= sections.size()) continue;
      const auto strings = file.at<char>(sections[section.sh_link].sh_offset, sections[section.sh_link].sh_size);
      if (strings.empty() || strings.back() != '\0') continue;
      for (const auto& symbol : file.at<ElfW(Sym)>(section.sh_offset, section.sh_size / sizeof(ElfW(Sym)))) {
        const unsigned type = symbol.st_info & 15;
        if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol.st_shndx == SHN_UNDEF) continue;
        if (symbol.st_name >= strings.size()) continue;
        functions.push_back(
            {symbol.st_value, symbol.st_value + std::max<size_t>(symbol.st_size, 1), strings.data() + symbol.st_name});
      }
    }
    if (!functions.empty()) break;
  }
  std::stable_sort(functions.begin(), functions.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
  return functions;
}

}  // namespace portolan::pprof
