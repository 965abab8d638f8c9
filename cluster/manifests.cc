// A file is cut into documents at its separators; a document that starts with a brace is JSON, which is fast to read.
#include "cluster/manifests.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "cluster/decode.h"
#include "cluster/yaml_json.h"

namespace portolan::cluster {
namespace {

struct Document {
  std::string_view text;
  int line = 1;  // where it starts
};

/// A line that ends a document (YAML 1.2 section 9.1): `---` or `...`, alone or followed by a blank.
bool separates(std::string_view line) {
  return (line.starts_with("---") || line.starts_with("...")) &&
         (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
}

std::vector<Document> documents(std::string_view text) {
  std::vector<Document> found;
  size_t start = 0;
  int start_line = 1, line_number = 1;
  for (size_t at = 0; at < text.size(); ++line_number) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (const std::string_view line = text.substr(at, end - at); separates(line)) {
      found.push_back({text.substr(start, at - start), start_line});
      start = at + 3;  // what follows on the line of the separator belongs to the next document
      start_line = line_number;
    }
    at = end + 1;
  }
  found.push_back({text.substr(std::min(start, text.size())), start_line});
  return found;
}

/// Where the document's content starts, behind blanks, comments and YAML directives; npos when there is none.
size_t content(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t first = text.find_first_not_of(" \t\r\n", at);
    if (first == std::string_view::npos) return first;
    if (text[first] != '#' && text[first] != '%') return first;
    at = std::min(text.find('\n', first), text.size());
  }
  return std::string_view::npos;
}

class Collector : public Decoder::Receiver {
 public:
  void take(Object&& object) override { objects.push_back(std::make_shared<const Object>(std::move(object))); }
  std::vector<SharedObject> objects;
};

Result<void> read_document(const Document& document, Decoder& decoder, Collector& collector, int& line) {
  const size_t start = content(document.text);
  if (start == std::string_view::npos) return {};
  const std::string_view before = document.text.substr(0, start);
  line = document.line + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const std::string_view text = document.text.substr(start);
  if (text.front() == '{') {
    const size_t known = collector.objects.size();
    const auto read = decoder.document(text, collector);
    if (read || !read.error().message.starts_with("invalid JSON")) return read;
    collector.objects.resize(known);  // it may be YAML in braces, and if not, YAML's reader knows the line
  }
  std::string json;
  YamlProblem problem;
  // The indentation of the first line counts, so the reader gets all of it.
  const size_t line_start = before.find_last_of('\n') + 1;
  if (!yaml_to_json(document.text.substr(line_start), json, problem)) {
    line += problem.line - 1;
    return fail(problem.message);
  }
  if (json == "null") return {};
  return decoder.document(json, collector);
}

/// The namespaces that an API server makes.
constexpr const char* kBuiltIn[] = {"default", "kube-node-lease", "kube-public", "kube-system"};

}  // namespace

Result<std::vector<SharedObject>> read_manifest(const std::string& path, std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Decoder decoder;
  Collector collector;
  for (const Document& document : documents(text)) {
    int line = document.line;
    if (const auto read = read_document(document, decoder, collector, line); !read) {
      return fail(path + ":" + std::to_string(line) + ": " + read.error().message);
    }
  }
  return std::move(collector.objects);
}

std::vector<std::string> manifest_files(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code problem;
  if (!fs::is_directory(path, problem))
    return fs::exists(path, problem) ? std::vector{path} : std::vector<std::string>{};
  std::vector<std::string> found;
  for (fs::directory_iterator each(path, problem), end; !problem && each != end; each.increment(problem)) {
    const std::string name = each->path().filename().string();
    const std::string extension = each->path().extension().string();
    if (name.starts_with('.') || (extension != ".yaml" && extension != ".yml" && extension != ".json")) continue;
    std::error_code ignored;
    if (fs::is_regular_file(each->path(), ignored)) found.push_back(each->path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<ManifestSet> ManifestSet::make(const Wanted& wanted) {
  ManifestSet set;
  set.wanted_ = wanted;
  for (size_t i = 0; i < kKinds; ++i) {
    auto selector = parse_selector(wanted.selector(static_cast<Kind>(i)));
    if (!selector) return selector.error();
    set.selectors_[i] = std::move(*selector);
  }
  return set;
}

/// What an API server would have been asked to leave out.
bool ManifestSet::selected(const Object& object) const {
  if (!wants(kind(object))) return false;
  if (const auto* pod = std::get_if<Pod>(&object)) {
    if (pod->phase == "Succeeded" || pod->phase == "Failed" || pod->phase == "Unknown") return false;
  }
  return selectors_[static_cast<size_t>(kind(object))].matches(metadata(object).labels);
}

ManifestSet::Objects ManifestSet::objects(const std::vector<std::string>& paths) const {
  Objects all;
  bool any_namespace = false;
  std::set<std::string> used;
  used.insert(std::begin(kBuiltIn), std::end(kBuiltIn));
  for (const std::string& path : paths) {
    const auto file = files_.find(path);
    if (file == files_.end()) continue;
    for (const SharedObject& object : file->second) {
      const Metadata& meta = metadata(*object);
      any_namespace = any_namespace || kind(*object) == Kind::namespace_;
      if (kind(*object) != Kind::namespace_) used.insert(meta.space);
      all.insert_or_assign(Key{kind(*object), meta.space, meta.name}, object);
    }
  }
  for (const std::string& name : used) {
    const bool built_in = std::find(std::begin(kBuiltIn), std::end(kBuiltIn), name) != std::end(kBuiltIn);
    if (any_namespace && !built_in) continue;
    Namespace implied;
    implied.meta.name = name;
    implied.meta.labels = {{"kubernetes.io/metadata.name", name}};
    all.try_emplace(Key{Kind::namespace_, "", name}, std::make_shared<const Object>(std::move(implied)));
  }
  std::erase_if(all, [this](const auto& entry) { return !selected(*entry.second); });
  return all;
}

}  // namespace portolan::cluster
