// Keys of the RFCs' examples, in the form of BIND's files. Not part of the library.
#pragma once

#include <string>
#include <string_view>

#include "zones/dnssec/key.h"

namespace portolan::zones {

struct ExampleKey {
  std::string_view open, secret;

  /// Throws, and so fails the test, when it is no key.
  SigningKey key() const { return SigningKey::parse(open, secret).value(); }
};

/// RFC 5702 section 6.1.
inline constexpr ExampleKey kRsaSha256 = {
    "example.net. 3600 IN DNSKEY 256 3 8 "
    "AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmObdk=\n",
    "Private-key-format: v1.2\nAlgorithm: 8 (RSASHA256)\n"
    "Modulus: wVwaxrHF2CK64aYKRUibLiH30KpPuPBjel7E8ZydQW1HYWHfoGmidzC2RnhwCC293hCzw+TFR2nqn8OVSY5t2Q==\n"
    "PublicExponent: AQAB\n"
    "PrivateExponent: UR44xX6zB3eaeyvTRzmskHADrPCmPWnr8dxsNwiDGHzrMKLN+i/HAam+97HxIKVWNDH2ba9Mf1SA8xu9dcHZAQ==\n"
    "Prime1: 4c8IvFu1AVXGWeFLLFh5vs7fbdzdC6U82fduE6KkSWk=\nPrime2: 2zZpBE8ZXVnL74QjG4zINlDfH+EOEtjJJ3RtaYDugvE=\n"
    "Exponent1: G2xAPFfK0KGxGANDVNxd1K1c9wOmmJ51mGbzKFFNMFk=\n"
    "Exponent2: GYxP1Pa7CAwtHm8SAGX594qZVofOMhgd6YFCNyeVpKE=\n"
    "Coefficient: icQdNRjlZGPmuJm2TIadubcO8X7V4y07aVhX464tx8Q=\n"};

/// RFC 5702 section 6.2.
inline constexpr ExampleKey kRsaSha512 = {
    "example.net. 3600 IN DNSKEY 256 3 10 "
    "AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFDxj13tOnD9u/1kTg7cV6rklMrZDtJ"
    "CQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL\n",
    "Private-key-format: v1.2\nAlgorithm: 10 (RSASHA512)\n"
    "Modulus: 0eg1M5b563zoq4k5ZEOnWmd2/BvpjzedJVdfIsDcMuuhE5SQ3pfQ7qmdaeMlC6Nf8DKGoUPGPXe06cP27/WRODtxXquSUytkO0kJ"
    "Dk8KX8PtA0+yBWwy7UnZDyCkynO00Uuk8HPVtZeMO1pHtlAGVnc8VjXZlNKdyit99waaE4s=\n"
    "PublicExponent: AQAB\n"
    "PrivateExponent: rFS1IPbJllFFgFc33B5DDlC1egO8e81P4fFadODbp56V7sphKa6AZQCx8NYAew6VXFFPAKTw41QdHnK5kIYOwxvfFDjD"
    "cUGza88qbjyrDPSJenkeZbISMUSSqy7AMFzEolkk6WSn6k3thUVRgSlqDoOV3SEIAsrB043XzGrKIVE=\n"
    "Prime1: 8mbtsu9Tl9v7tKSHdCIeprLIQXQLzxlSZun5T1n/OjvXSUtvD7xnZJ+LHqaBj1dIgMbCq2U8O04QVcK3TS9GiQ==\n"
    "Prime2: 3a6gkfs74d0Jb7yL4j4adAif4fcp7ZrGt7G5NRVDDY/Mv4TERAKMa0TKN3okKE0A7X+Rv2K84mhT4QLDlllEcw==\n"
    "Exponent1: v3D5A9uuCn5rgVR7wgV8ba0/KSpsdSiLgsoA42GxiB1gvvs7gJMMmVTDu/ZG1p1ZnpLbhh/S/Qd/MSwyNlxC+Q==\n"
    "Exponent2: m+ezf9dsDvYQK+gzjOLWYeKq5xWYBEYFGa3BLocMiF4oxkzOZ3JPZSWU/h1Fjp5RV7aPP0Vmx+hNjYMPIQ8Y5w==\n"
    "Coefficient: Je5YhYpUron/WdOXjxNAxDubAp3i5X7UOUfhJcyIggqwY86IE0Q/Bk0Dw4SC9zxnsimmdBXW2Izd8Lwuk8FQcQ==\n"};

/// RFC 6605 section 6.1.
inline constexpr ExampleKey kEcdsa256 = {
    "example.net. 3600 IN DNSKEY 257 3 13 "
    "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==\n",
    "Private-key-format: v1.2\nAlgorithm: 13 (ECDSAP256SHA256)\n"
    "PrivateKey: GU6SnQ/Ou+xC5RumuIUIuJZteXT2z0O/ok1s38Et6mQ=\n"};

/// RFC 6605 section 6.2.
inline constexpr ExampleKey kEcdsa384 = {
    "example.net. 3600 IN DNSKEY 257 3 14 "
    "xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur"
    "8I/mlVNgF6W/qTI37m40\n",
    "Private-key-format: v1.2\nAlgorithm: 14 (ECDSAP384SHA384)\n"
    "PrivateKey: WURgWHCcYIYUPWgeLmiPY2DJJk02vgrmTfitxgqcL4vwW7BOrbawVmVe0d9V94SR\n"};

/// RFC 8080 section 6.1.
inline constexpr ExampleKey kEd25519 = {
    "example.com. 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=\n",
    "Private-key-format: v1.2\nAlgorithm: 15 (ED25519)\nPrivateKey: ODIyNjAzODQ2MjgwODAxMjI2NDUxOTAyMDQxNDIyNjI=\n"};

/// A zone-signing key made by dnssec-keygen, and the key-signing key that belongs to it.
inline constexpr ExampleKey kZoneSigning = {
    "alder.test. IN DNSKEY 256 3 13 "
    "CmZjwETDW4pll6qRYk5cnOk2nxRGyfWIGQ+aQ6AgUY1zrbNZh6IeWKLy FelfpafV8CMXaXJ+OPY89JyWTucCsg==\n",
    "Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\n"
    "PrivateKey: 630P68IbA1ZOz+IENRS0uPElLixSlXVGqkk+8mEEcSM=\n"};
inline constexpr ExampleKey kKeySigning = {
    "alder.test. IN DNSKEY 257 3 13 "
    "autOZ5Q208HpxGM7loDQ8cnz7d5oPapfV6cV5Fo3uXXt6ShHKCU8krOy Vb7+mAwnwIwgUhzZwwwosf2V36nbhA==\n",
    "Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\n"
    "PrivateKey: G25g3A0gugJLIITLrMsm+llTfMd4XrIgTSSXE+T1hRA=\n"};

}  // namespace portolan::zones
