// The options of an OPT, changed in place: the list is made anew in an arena, since plugins share it.
#pragma once

#include <optional>

#include "base/arena.h"
#include "dns/message.h"

namespace portolan::rewrite {

/// Where the first option with `code` stands.
std::optional<size_t> find_option(const dns::Edns& edns, uint16_t code);
void add_option(dns::Edns& edns, const dns::EdnsOption& option, Arena& arena);
void replace_option(dns::Edns& edns, size_t at, const dns::EdnsOption& option, Arena& arena);
void remove_option(dns::Edns& edns, size_t at, Arena& arena);
void remove_options(dns::Edns& edns, uint16_t code, Arena& arena);

}  // namespace portolan::rewrite
