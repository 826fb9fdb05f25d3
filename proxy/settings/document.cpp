#include "settings/document.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <utility>

namespace ledgergate::settings {
namespace {

constexpr std::size_t kDeepest = 24;     // the schema needs 6
constexpr std::size_t kLargest = 50'000; // nodes, so that aliases of aliases can't grow without end

Place place_of(const YAML::Mark& mark) { return mark.is_null() ? Place{} : Place{mark.line + 1, mark.column + 1}; }

// What was probably meant where the parser gave up: it says only what it did not find. "" where the line does not tell.
std::string hint(std::string_view text, Place place) {
  for (int line = 1; line < place.line; ++line) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  text = text.substr(0, text.find('\n'));
  if (text.substr(0, text.find_first_not_of(" \t")).find('\t') != std::string_view::npos)
    return " (this line begins with a tab: YAML is indented with spaces)";
  for (const std::string_view sign : {"[::", "${", "*."}) {
    const auto before = text.substr(0, text.find(sign));
    const auto quotes = [&](char quote) { return std::count(before.begin(), before.end(), quote); };
    if (before.size() < text.size() && quotes('"') % 2 == 0 && quotes('\'') % 2 == 0)
      return " (what has `" + std::string(sign) + "` in it must stand in quotes)";
  }
  return {};
}

// Builds the tree from the parser's events. After the first mistake that makes the rest meaningless it ignores all that follows:
// the parser itself stops at a depth of its own.
class Builder final : public YAML::EventHandler {
public:
  Builder(std::string_view text, Problems& problems) : text_(text), problems_(problems) {}

  [[nodiscard]] bool stopped() const noexcept { return stopped_; }
  [[nodiscard]] NodePointer take() { return stopped_ ? nullptr : std::exchange(root_, nullptr); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // What can't begin a value is taken for an empty document and left standing there: yaml-cpp would read it for ever.
    const Place place = place_of(mark);
    if (place.line == document_.line && place.column == document_.column)
      return stop(place, "YAML syntax: nothing can begin with this");
    document_ = place;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // An empty value is marked where the next token stands; its own key is the better place.
    finish(make(Node::Kind::null, key_place_or(place_of(mark))), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (stopped_) return;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return stop(place_of(mark), "this alias stands inside the very value it refers to");
    put(place_of(mark), found->second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    if (stopped_) return;
    auto node = make(Node::Kind::scalar, place_of(mark));
    check_tag(node->place, tag);
    if (tag == "!") check_quotes(node->place);
    node->text = value;
    finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Node::Kind::sequence, place_of(mark), tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Node::Kind::map, place_of(mark), tag, anchor);
  }
  void OnMapEnd() override { close(); }

private:
  struct Open {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool has_key = false;
    std::string key;
    Place key_place;
    std::map<std::string, int> lines; // key -> line, to tell duplicates
  };

  static std::shared_ptr<Node> make(Node::Kind kind, Place place) {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->place = place;
    return node;
  }

  void stop(Place place, std::string text) {
    problems_.error(place, std::move(text));
    stopped_ = true;
  }

  [[nodiscard]] Place key_place_or(Place place) const {
    return !open_.empty() && open_.back().has_key ? open_.back().key_place : place;
  }

  // "!!str" and its kin say nothing new; any other tag asks for something that is not done here.
  void check_tag(Place place, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
    problems_.error(place, "the tag " + quote(tag) + " means nothing here");
  }

  // yaml-cpp takes the end of the file for the closing quote. "!" also marks block scalars, which begin with '|' or '>'.
  void check_quotes(Place place) {
    while (line_ < place.line) {
      const std::size_t end = text_.find('\n', line_start_);
      if (end == std::string_view::npos) return;
      line_start_ = end + 1;
      ++line_;
    }
    std::size_t at = line_start_ + static_cast<std::size_t>(place.column) - 1;
    at = text_.find_first_of("\"'|>", at); // behind an anchor or a tag
    if (at == std::string_view::npos || text_[at] == '|' || text_[at] == '>') return;
    const char mark = text_[at];
    for (++at; at < text_.size(); ++at) {
      if (mark == '"' && text_[at] == '\\') {
        ++at;
      } else if (text_[at] == mark) {
        if (mark == '"' || at + 1 >= text_.size() || text_[at + 1] != '\'') return;
        ++at;
      }
    }
    stop(place, "this quote is never closed");
  }

  void open(Node::Kind kind, Place place, const std::string& tag, YAML::anchor_t anchor) {
    if (stopped_) return;
    if (open_.size() >= kDeepest) return stop(place, "nested too deeply");
    check_tag(place, tag);
    Open level;
    level.node = make(kind, place);
    level.anchor = anchor;
    open_.push_back(std::move(level));
  }

  void close() {
    if (stopped_) return;
    Open level = std::move(open_.back());
    open_.pop_back();
    finish(std::move(level.node), level.anchor);
  }

  void finish(std::shared_ptr<Node> node, YAML::anchor_t anchor) {
    if (stopped_) return;
    const Place place = node->place;
    NodePointer done = std::move(node);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = done;
    put(place, std::move(done));
  }

  // A finished value goes where it belongs: the root, the next item, the next key or the value behind it.
  void put(Place place, NodePointer value) {
    if (open_.empty()) {
      if (root_ != nullptr && value->kind != Node::Kind::null)
        return stop(document_, "a second YAML document starts here; a config is one document");
      if (root_ == nullptr) root_ = std::move(value);
      return;
    }
    Open& level = open_.back();
    Node& parent = *level.node;
    parent.size += value->size;
    if (parent.size > kLargest)
      return stop(place, "too large: more than " + std::to_string(kLargest) + " values, aliases counted as what they stand for");
    if (parent.kind == Node::Kind::sequence) {
      parent.items.push_back(std::move(value));
    } else if (!level.has_key) {
      if (value->kind != Node::Kind::scalar) return stop(place, "a key must be a word");
      level.has_key = true;
      level.key = value->text;
      level.key_place = place;
    } else {
      level.has_key = false;
      const auto [first, added] = level.lines.emplace(level.key, level.key_place.line);
      if (added)
        parent.entries.push_back({level.key, level.key_place, std::move(value)});
      else
        problems_.error(level.key_place,
                        "duplicate key " + quote(level.key) + ": it is on line " + std::to_string(first->second) + " already");
    }
  }

  std::string_view text_;
  Problems& problems_;
  NodePointer root_;
  Place document_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, NodePointer> anchors_;
  int line_ = 1; // check_quotes() goes through the lines once
  std::size_t line_start_ = 0;
  bool stopped_ = false;
};

} // namespace

NodePointer parse_document(std::string_view text, Problems& problems, std::string_view needs) {
  Builder builder(text, problems);
  std::istringstream stream{std::string(text)};
  // The one place where the library throws; it ends here.
  try {
    YAML::Parser parser(stream);
    while (!builder.stopped() && parser.HandleNextDocument(builder)) {}
  } catch (const YAML::DeepRecursion& deep) {
    if (!builder.stopped()) problems.error(place_of(deep.mark), "nested too deeply");
    return nullptr;
  } catch (const YAML::Exception& mistake) {
    if (!builder.stopped()) {
      const Place place = place_of(mistake.mark);
      problems.error(place, "YAML syntax: " + mistake.msg + hint(text, place));
    }
    return nullptr;
  }
  const bool stopped = builder.stopped();
  NodePointer root = builder.take();
  if (!stopped && (root == nullptr || root->kind == Node::Kind::null)) {
    const bool comments = text.find('#') != std::string_view::npos;
    problems.error({}, (comments ? "there are only comments in the file: " : "the file is empty: ") + std::string(needs));
    return nullptr;
  }
  return root;
}

bool check_text(std::string_view text, Problems& problems) {
  int line = 1;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const Place place{line, static_cast<int>(i - line_start) + 1};
    std::size_t length = 1;
    if (byte < 0x80) {
      if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f) {
        problems.error(place, "a control character stands here");
        return false;
      }
      if (byte == '\n') {
        ++line;
        line_start = i + 1;
      }
    } else {
      // RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF.
      length = byte >= 0xc2 && byte <= 0xdf ? 2 : (byte & 0xf0U) == 0xe0U ? 3 : byte >= 0xf0 && byte <= 0xf4 ? 4 : 0;
      const unsigned char second = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
      const bool overlong = (byte == 0xe0 && second < 0xa0) || (byte == 0xed && second > 0x9f) || (byte == 0xf0 && second < 0x90) ||
                            (byte == 0xf4 && second > 0x8f);
      bool good = length != 0 && i + length <= text.size() && !overlong;
      for (std::size_t k = 1; good && k < length; ++k) good = (static_cast<unsigned char>(text[i + k]) & 0xc0U) == 0x80U;
      if (!good) {
        problems.error(place, "this byte is not UTF-8; save the file as UTF-8");
        return false;
      }
    }
    i += length;
  }
  return true;
}

} // namespace ledgergate::settings
