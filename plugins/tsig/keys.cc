// named.conf's words: blanks part them, quotes hold them together, braces and semicolons stand alone.
#include "plugins/tsig/keys.h"

#include <vector>

#include "zones/zone_file.h"

namespace portolan::tsig {
namespace {

struct Word {
  std::string_view text;
  unsigned line = 1;
  bool is(std::string_view other) const { return text == other; }
};

class Words {
 public:
  Words(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  /// An empty word at the end.
  Word next() {
    skip();
    const unsigned line = line_;
    if (text_.empty()) return {{}, line};
    if (text_.front() == '"') {
      const size_t end = std::min(text_.find('"', 1), text_.size());
      const std::string_view inside = text_.substr(1, end - 1);
      text_.remove_prefix(std::min(end + 1, text_.size()));
      return {inside, line};
    }
    const size_t size = is_mark(text_.front()) ? 1 : std::min(text_.find_first_of(" \t\r\n\"{};"), text_.size());
    const std::string_view word = text_.substr(0, size);
    text_.remove_prefix(size);
    return {word, line};
  }
  Error wrong(const Word& found, std::string_view expected) const {
    const std::string what = found.text.empty() ? "the end" : "\"" + std::string(found.text) + "\"";
    return error(found, "found " + what + ", expected " + std::string(expected));
  }
  Error error(const Word& at, const std::string& message) const {
    return fail(path_ + ":" + std::to_string(at.line) + ": " + message);
  }

 private:
  static bool is_mark(char c) { return c == '{' || c == '}' || c == ';'; }

  void skip() {
    while (!text_.empty()) {
      if (text_.front() == '#' || text_.starts_with("//")) {
        drop(std::min(text_.find('\n'), text_.size()));
      } else if (text_.starts_with("/*")) {
        const size_t end = text_.find("*/", 2);
        drop(end == text_.npos ? text_.size() : end + 2);
      } else if (std::string_view(" \t\r\n").find(text_.front()) != std::string_view::npos) {
        drop(1);
      } else {
        return;
      }
    }
  }
  void drop(size_t count) {
    for (const char c : text_.substr(0, count)) line_ += c == '\n';
    text_.remove_prefix(count);
  }

  const std::string& path_;
  std::string_view text_;
  unsigned line_ = 1;
};

// Behind `key`.
Result<void> read_key(Words& words, Keys& keys) {
  const Word name = words.next();
  if (name.text.empty() || name.is("{")) return words.wrong(name, "the name of a key");
  if (const Word brace = words.next(); !brace.is("{")) return words.wrong(brace, "\"{\"");
  std::string_view secret, algorithm;
  for (;;) {
    const Word word = words.next();
    if (word.is("}")) break;
    if (!word.is("secret") && !word.is("algorithm")) return words.wrong(word, "algorithm, secret or \"}\"");
    const Word value = words.next();
    if (value.text.empty() || value.is(";")) return words.wrong(value, "a value for " + std::string(word.text));
    (word.is("secret") ? secret : algorithm) = value.text;
    if (const Word end = words.next(); !end.is(";")) return words.wrong(end, "\";\"");
  }
  if (secret.empty()) return words.error(name, "key \"" + std::string(name.text) + "\" has no secret");
  auto added = add_key(keys, name.text, secret, algorithm);
  return added.has_error() ? words.error(name, added.error().message) : Result<void>();
}

}  // namespace

Result<void> add_key(Keys& keys, std::string_view name, std::string_view secret, std::string_view algorithm) {
  auto parsed = dns::Name::parse(name);
  if (parsed.has_error()) return fail("\"" + std::string(name) + "\" is no name: " + parsed.error().message);
  const std::string shown = "key \"" + parsed->lower().text() + "\"";
  Key key;
  if (auto octets = dns::parse_tsig_secret(secret); octets.has_value()) key.secret = std::move(*octets);
  if (!algorithm.empty()) {
    const auto algorithm_name = dns::Name::parse(algorithm);
    if (algorithm_name.has_value()) key.algorithm = dns::tsig_algorithm(*algorithm_name);
    if (!key.algorithm) {
      return fail(shown + ": algorithm \"" + std::string(algorithm) +
                  "\" is not offered, expected hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384 or hmac-sha512");
    }
  }
  if (!keys.try_emplace(parsed->lower(), std::move(key)).second) return fail(shown + " redefined");
  return {};
}

Result<void> read_key_file(const std::string& path, Keys& keys) {
  const auto text = zones::read_file(path);
  if (text.has_error()) return text.error();
  Words words(path, *text);
  for (;;) {
    const Word word = words.next();
    if (word.text.empty()) return {};
    if (word.is(";")) continue;
    if (!word.is("key")) return words.wrong(word, "\"key\"");
    if (auto read = read_key(words, keys); read.has_error()) return read;
  }
}

}  // namespace portolan::tsig
