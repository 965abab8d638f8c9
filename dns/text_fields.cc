// The table: field names are those of the RFCs.
#include "dns/text_fields.h"

#include <algorithm>
#include <array>

namespace portolan::dns {
namespace {

using enum FieldKind;

constexpr size_t kMaxFields = 9;

struct Form {
  uint16_t type;
  std::array<TextField, kMaxFields> fields;  // the first without a name ends them
};

constexpr std::array<TextField, kMaxFields> kSignature = {{{FieldKind::type, "type covered"},
                                                           {algorithm, "algorithm"},
                                                           {u8, "labels"},
                                                           {u32, "original TTL"},
                                                           {time, "expiration"},
                                                           {time, "inception"},
                                                           {u16, "key tag"},
                                                           {name, "signer"},
                                                           {base64, "signature"}}};
constexpr std::array<TextField, kMaxFields> kKey = {
    {{u16, "flags"}, {u8, "protocol"}, {algorithm, "algorithm"}, {base64, "key"}}};
constexpr std::array<TextField, kMaxFields> kDigest = {
    {{u16, "key tag"}, {algorithm, "algorithm"}, {u8, "digest type"}, {hex, "digest"}}};
constexpr std::array<TextField, kMaxFields> kCertificate = {
    {{u8, "usage"}, {u8, "selector"}, {u8, "matching type"}, {hex, "data"}}};
constexpr std::array<TextField, kMaxFields> kService = {
    {{u16, "priority"}, {name, "target"}, {parameters, "parameter"}}};
constexpr std::array<TextField, kMaxFields> kHost = {{{name, "host"}}};
constexpr std::array<TextField, kMaxFields> kStrings = {{{strings, "string"}}};

// Sorted by type.
constexpr Form kForms[] = {
    {1, {{{ipv4, "address"}}}},  // A
    {2, kHost},                  // NS
    {3, kHost},                  // MD
    {4, kHost},                  // MF
    {5, {{{name, "target"}}}},   // CNAME
    {6,
     {{{name, "primary"},
       {name, "mailbox"},
       {u32, "serial"},
       {timer, "refresh"},
       {timer, "retry"},
       {timer, "expire"},
       {timer, "minimum"}}}},                                                       // SOA
    {7, kHost},                                                                     // MB
    {8, {{{name, "mailbox"}}}},                                                     // MG
    {9, {{{name, "mailbox"}}}},                                                     // MR
    {11, {{{ipv4, "address"}, {services, "services"}}}},                            // WKS
    {12, kHost},                                                                    // PTR
    {13, {{{string, "CPU"}, {string, "OS"}}}},                                      // HINFO
    {14, {{{name, "mailbox"}, {name, "error mailbox"}}}},                           // MINFO
    {15, {{{u16, "preference"}, {name, "exchange"}}}},                              // MX
    {16, kStrings},                                                                 // TXT
    {17, {{{name, "mailbox"}, {name, "text name"}}}},                               // RP
    {18, {{{u16, "subtype"}, {name, "host"}}}},                                     // AFSDB
    {19, {{{string, "address"}}}},                                                  // X25
    {20, {{{string, "address"}, {optional_string, "subaddress"}}}},                 // ISDN
    {21, {{{u16, "preference"}, {name, "host"}}}},                                  // RT
    {22, {{{nsap, "address"}}}},                                                    // NSAP
    {23, kHost},                                                                    // NSAP-PTR
    {24, kSignature},                                                               // SIG
    {25, kKey},                                                                     // KEY
    {26, {{{u16, "preference"}, {name, "RFC 822 name"}, {name, "X.400 name"}}}},    // PX
    {27, {{{string, "longitude"}, {string, "latitude"}, {string, "altitude"}}}},    // GPOS
    {28, {{{ipv6, "address"}}}},                                                    // AAAA
    {29, {{{location, "location"}}}},                                               // LOC
    {31, {{{hex, "identifier"}}}},                                                  // EID
    {32, {{{hex, "locator"}}}},                                                     // NIMLOC
    {33, {{{u16, "priority"}, {u16, "weight"}, {u16, "port"}, {name, "target"}}}},  // SRV
    {35,
     {{{u16, "order"},
       {u16, "preference"},
       {string, "flags"},
       {string, "services"},
       {string, "regexp"},
       {name, "replacement"}}}},                                                                         // NAPTR
    {36, {{{u16, "preference"}, {name, "exchanger"}}}},                                                  // KX
    {37, {{{cert_type, "type"}, {u16, "key tag"}, {algorithm, "algorithm"}, {base64, "certificate"}}}},  // CERT
    {39, {{{name, "target"}}}},                                                                          // DNAME
    {42, {{{prefixes, "prefix"}}}},                                                                      // APL
    {43, kDigest},                                                                                       // DS
    {44, {{{u8, "algorithm"}, {u8, "fingerprint type"}, {hex, "fingerprint"}}}},                         // SSHFP
    {45,
     {{{u8, "precedence"},
       {u8, "gateway type"},
       {u8, "algorithm"},
       {gateway, "gateway"},
       {optional_base64, "key"}}}},                  // IPSECKEY
    {46, kSignature},                                // RRSIG
    {47, {{{name, "next name"}, {types, "type"}}}},  // NSEC
    {48, kKey},                                      // DNSKEY
    {49, {{{base64, "digest"}}}},                    // DHCID
    {50,
     {{{u8, "hash algorithm"},
       {u8, "flags"},
       {u16, "iterations"},
       {salt, "salt"},
       {hash, "next hash"},
       {types, "type"}}}},                                                                 // NSEC3
    {51, {{{u8, "hash algorithm"}, {u8, "flags"}, {u16, "iterations"}, {salt, "salt"}}}},  // NSEC3PARAM
    {52, kCertificate},                                                                    // TLSA
    {53, kCertificate},                                                                    // SMIMEA
    {55, {{{hip, "host identity"}}}},                                                      // HIP
    {56, kStrings},                                                                        // NINFO
    {57, kKey},                                                                            // RKEY
    {58, {{{name, "previous name"}, {name, "next name"}}}},                                // TALINK
    {59, kDigest},                                                                         // CDS
    {60, kKey},                                                                            // CDNSKEY
    {61, {{{base64, "key"}}}},                                                             // OPENPGPKEY
    {62, {{{u32, "serial"}, {u16, "flags"}, {types, "type"}}}},                            // CSYNC
    {63, {{{u32, "serial"}, {u8, "scheme"}, {u8, "hash algorithm"}, {hex, "digest"}}}},    // ZONEMD
    {64, kService},                                                                        // SVCB
    {65, kService},                                                                        // HTTPS
    {99, kStrings},                                                                        // SPF
    {100, {{{string, "information"}}}},                                                    // UINFO
    {101, {{{u32, "number"}}}},                                                            // UID
    {102, {{{u32, "number"}}}},                                                            // GID
    {104, {{{u16, "preference"}, {node_id, "identifier"}}}},                               // NID
    {105, {{{u16, "preference"}, {ipv4, "locator"}}}},                                     // L32
    {106, {{{u16, "preference"}, {node_id, "locator"}}}},                                  // L64
    {107, {{{u16, "preference"}, {name, "pointer"}}}},                                     // LP
    {108, {{{eui48, "address"}}}},                                                         // EUI48
    {109, {{{eui64, "address"}}}},                                                         // EUI64
    {256, {{{u16, "priority"}, {u16, "weight"}, {value, "target"}}}},                      // URI
    {257, {{{u8, "flags"}, {tag, "tag"}, {value, "value"}}}},                              // CAA
    {258, kStrings},                                                                       // AVC
    {260, {{{u8, "precedence"}, {relay_type, "relay type"}, {gateway, "relay"}}}},         // AMTRELAY
    {261, kStrings},                                                                       // RESINFO
    {32768, kDigest},                                                                      // TA
    {32769, kDigest},                                                                      // DLV
};

constexpr bool by_type(const Form& a, const Form& b) { return a.type < b.type; }
static_assert(std::is_sorted(std::begin(kForms), std::end(kForms), by_type));

}  // namespace

std::span<const TextField> text_fields(RRType type) {
  const auto number = static_cast<uint16_t>(type);
  const auto* found = std::lower_bound(std::begin(kForms), std::end(kForms), number,
                                       [](const Form& form, uint16_t wanted) { return form.type < wanted; });
  if (found == std::end(kForms) || found->type != number) return {};
  size_t count = 0;
  while (count < kMaxFields && found->fields[count].name != nullptr) ++count;
  return std::span(found->fields).first(count);
}

}  // namespace portolan::dns
