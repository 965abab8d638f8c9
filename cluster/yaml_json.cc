// yaml-cpp reads, this writes JSON. Plain scalars become null, booleans and integers as in YAML's core schema; the
// rest, and everything quoted, stays a string.
#include "cluster/yaml_json.h"

#include <yaml-cpp/yaml.h>

namespace portolan::cluster {
namespace {

/// Aliases of aliases can make gigabytes of a few lines: JSON that outgrows its YAML by so much is refused.
constexpr size_t kMostGrowth = 20, kAlwaysAllowed = 1u << 20;
constexpr int kDeepest = 100;

class Writer {
 public:
  Writer(std::string& out, size_t most) : out_(out), most_(most) {}

  /// False when the document is too large or too deep.
  bool write(const YAML::Node& node, int depth) {
    if (depth > kDeepest || out_.size() > most_) return false;
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        scalar(node);
        return true;
      case YAML::NodeType::Sequence:
        return sequence(node, depth);
      case YAML::NodeType::Map:
        return map(node, depth);
      default:
        out_ += "null";
        return true;
    }
  }

 private:
  bool sequence(const YAML::Node& node, int depth) {
    char separator = '[';
    for (const YAML::Node& each : node) {
      out_ += separator;
      if (!write(each, depth + 1)) return false;
      separator = ',';
    }
    out_ += separator == '[' ? "[]" : "]";
    return true;
  }

  bool map(const YAML::Node& node, int depth) {
    char separator = '{';
    for (const auto& each : node) {
      out_ += separator;
      quoted(each.first.IsScalar() ? each.first.Scalar() : std::string{});
      out_ += ':';
      if (!write(each.second, depth + 1)) return false;
      separator = ',';
    }
    out_ += separator == '{' ? "{}" : "}";
    return true;
  }

  void scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() != "?") return quoted(text);  // "?": plain
    if (text == "true" || text == "True" || text == "TRUE")
      out_ += "true";
    else if (text == "false" || text == "False" || text == "FALSE")
      out_ += "false";
    else if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
      out_ += "null";
    else if (integer(text))
      out_ += text;
    else
      quoted(text);
  }

  static bool integer(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.size() < 18 && text.find_first_not_of("0123456789") == std::string_view::npos &&
           (text.front() != '0' || text.size() == 1);
  }

  void quoted(const std::string& text) {
    static constexpr char kDigits[] = "0123456789abcdef";
    out_ += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        out_ += "\\u00";
        out_ += kDigits[c >> 4];
        out_ += kDigits[c & 15];
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  std::string& out_;
  const size_t most_;
};

}  // namespace

bool yaml_to_json(std::string_view yaml, std::string& json, YamlProblem& problem) {
  json.clear();
  try {
    const size_t most = kAlwaysAllowed + kMostGrowth * yaml.size();
    if (Writer(json, most).write(YAML::Load(std::string(yaml)), 0)) return true;
    problem = {1, "the document is too large or too deep"};
  } catch (const YAML::Exception& thrown) {
    problem = {thrown.mark.is_null() ? 1 : thrown.mark.line + 1, thrown.msg};
  }
  return false;
}

}  // namespace portolan::cluster
