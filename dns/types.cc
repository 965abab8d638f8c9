// The names of the DNS's numbers, as the IANA registries and CoreDNS's log write them.
#include "dns/types.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace portolan::dns {
namespace {

struct Entry {
  uint16_t number;
  std::string_view name;
};

// Sorted by number. The types without a use today are here for logs and queries that name them.
constexpr Entry kTypes[] = {
    {0, "None"},      {1, "A"},        {2, "NS"},          {3, "MD"},
    {4, "MF"},        {5, "CNAME"},    {6, "SOA"},         {7, "MB"},
    {8, "MG"},        {9, "MR"},       {10, "NULL"},       {11, "WKS"},
    {12, "PTR"},      {13, "HINFO"},   {14, "MINFO"},      {15, "MX"},
    {16, "TXT"},      {17, "RP"},      {18, "AFSDB"},      {19, "X25"},
    {20, "ISDN"},     {21, "RT"},      {22, "NSAP"},       {23, "NSAP-PTR"},
    {24, "SIG"},      {25, "KEY"},     {26, "PX"},         {27, "GPOS"},
    {28, "AAAA"},     {29, "LOC"},     {30, "NXT"},        {31, "EID"},
    {32, "NIMLOC"},   {33, "SRV"},     {34, "ATMA"},       {35, "NAPTR"},
    {36, "KX"},       {37, "CERT"},    {38, "A6"},         {39, "DNAME"},
    {41, "OPT"},      {42, "APL"},     {43, "DS"},         {44, "SSHFP"},
    {45, "IPSECKEY"}, {46, "RRSIG"},   {47, "NSEC"},       {48, "DNSKEY"},
    {49, "DHCID"},    {50, "NSEC3"},   {51, "NSEC3PARAM"}, {52, "TLSA"},
    {53, "SMIMEA"},   {55, "HIP"},     {56, "NINFO"},      {57, "RKEY"},
    {58, "TALINK"},   {59, "CDS"},     {60, "CDNSKEY"},    {61, "OPENPGPKEY"},
    {62, "CSYNC"},    {63, "ZONEMD"},  {64, "SVCB"},       {65, "HTTPS"},
    {66, "DSYNC"},    {99, "SPF"},     {100, "UINFO"},     {101, "UID"},
    {102, "GID"},     {103, "UNSPEC"}, {104, "NID"},       {105, "L32"},
    {106, "L64"},     {107, "LP"},     {108, "EUI48"},     {109, "EUI64"},
    {128, "NXNAME"},  {249, "TKEY"},   {250, "TSIG"},      {251, "IXFR"},
    {252, "AXFR"},    {253, "MAILB"},  {254, "MAILA"},     {255, "ANY"},
    {256, "URI"},     {257, "CAA"},    {258, "AVC"},       {260, "AMTRELAY"},
    {261, "RESINFO"}, {32768, "TA"},   {32769, "DLV"},     {65535, "Reserved"},
};

constexpr Entry kClasses[] = {{1, "IN"}, {2, "CS"}, {3, "CH"}, {4, "HS"}, {254, "NONE"}, {255, "ANY"}};

// 16 is BADVERS in EDNS and BADSIG in TSIG; CoreDNS's logs and metrics say BADSIG.
constexpr Entry kRcodes[] = {
    {0, "NOERROR"},  {1, "FORMERR"},    {2, "SERVFAIL"}, {3, "NXDOMAIN"},  {4, "NOTIMP"},
    {5, "REFUSED"},  {6, "YXDOMAIN"},   {7, "YXRRSET"},  {8, "NXRRSET"},   {9, "NOTAUTH"},
    {10, "NOTZONE"}, {11, "DSOTYPENI"}, {16, "BADSIG"},  {17, "BADKEY"},   {18, "BADTIME"},
    {19, "BADMODE"}, {20, "BADNAME"},   {21, "BADALG"},  {22, "BADTRUNC"}, {23, "BADCOOKIE"},
};
constexpr Entry kRcodeAliases[] = {{4, "NOTIMPL"}, {16, "BADVERS"}};

constexpr Entry kOpcodes[] = {{0, "QUERY"}, {1, "IQUERY"}, {2, "STATUS"}, {4, "NOTIFY"}, {5, "UPDATE"}, {6, "DSO"}};

constexpr bool by_number(const Entry& a, const Entry& b) { return a.number < b.number; }
static_assert(std::is_sorted(std::begin(kTypes), std::end(kTypes), by_number));
static_assert(std::is_sorted(std::begin(kRcodes), std::end(kRcodes), by_number));

/// Empty when the number has no name.
template <size_t N>
std::string_view name_of(const Entry (&table)[N], uint16_t number) {
  if (number < N && table[number].number == number) return table[number].name;  // a table begins without gaps
  const auto* found = std::lower_bound(table, table + N, Entry{number, {}}, by_number);
  return found != table + N && found->number == number ? found->name : std::string_view();
}

template <size_t N>
std::string name_of(const Entry (&table)[N], uint16_t number, const char* prefix) {
  const std::string_view name = name_of(table, number);
  return name.empty() ? prefix + std::to_string(number) : std::string(name);
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c; }

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return upper(x) == upper(y); });
}

/// The number of a name of `table`, or behind `prefix` ("TYPE65280"); -1 when it is neither.
template <size_t N>
int number_of(const Entry (&table)[N], std::string_view text, std::string_view prefix) {
  for (const Entry& entry : table) {
    if (equal_without_case(entry.name, text)) return entry.number;
  }
  if (text.size() <= prefix.size() || !equal_without_case(text.substr(0, prefix.size()), prefix)) return -1;
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data() + prefix.size(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

}  // namespace

std::string_view mnemonic(RRType type) { return name_of(kTypes, static_cast<uint16_t>(type)); }
std::string_view mnemonic(RRClass cls) { return name_of(kClasses, static_cast<uint16_t>(cls)); }
std::string_view mnemonic(Rcode rcode) { return name_of(kRcodes, static_cast<uint16_t>(rcode)); }

std::string text(RRType type) { return name_of(kTypes, static_cast<uint16_t>(type), "TYPE"); }
std::string text(RRClass cls) { return name_of(kClasses, static_cast<uint16_t>(cls), "CLASS"); }
std::string text(Rcode rcode) { return name_of(kRcodes, static_cast<uint16_t>(rcode), "RCODE"); }
std::string text(Opcode opcode) { return name_of(kOpcodes, static_cast<uint16_t>(opcode), "OPCODE"); }

Result<RRType> parse_type(std::string_view text) {
  const int number = number_of(kTypes, text, "TYPE");
  if (number < 0) return fail("unknown record type \"" + std::string(text) + "\"");
  return static_cast<RRType>(number);
}

Result<RRClass> parse_class(std::string_view text) {
  const int number = number_of(kClasses, text, "CLASS");
  if (number < 0) return fail("unknown class \"" + std::string(text) + "\"");
  return static_cast<RRClass>(number);
}

Result<Rcode> parse_rcode(std::string_view text) {
  int number = number_of(kRcodes, text, "RCODE");
  if (number < 0) number = number_of(kRcodeAliases, text, "RCODE");
  if (number < 0 || number > 0xfff) return fail("unknown rcode \"" + std::string(text) + "\"");
  return static_cast<Rcode>(number);
}

}  // namespace portolan::dns
