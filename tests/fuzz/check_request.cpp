#include "checks.h"
#include "http/chunked.h"
#include "http/parser.h"
#include "published.h"
#include "require.h"
#include "strict.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace ledgergate::fuzz {
namespace {

constexpr http::HeadScan::Bounds kBounds{2048, 512, 20, true};

struct Heard {
  std::string head, body;
  http::BodyKind kind = http::BodyKind::none;
  bool whole = false;
  bool operator==(const Heard&) const = default;
};
// What a connection said, and what ended it.
struct Story {
  std::vector<Heard> requests;
  std::optional<Error> error;
  std::size_t read = 0; // bytes that belong to whole requests
  [[nodiscard]] bool same(const Story& other) const {
    return requests == other.requests && read == other.read && error.has_value() == other.error.has_value() &&
           (!error || (error->cause == other.error->cause && error->detail == other.error->detail));
  }
};

// One connection's requests, fed as they come.
class Reader {
public:
  void feed(std::string_view piece) {
    bytes_ += piece;
    while (!story_.error && step()) {}
  }
  [[nodiscard]] const Story& story() const { return story_; }

private:
  std::string bytes_;
  std::size_t at_ = 0; // the first byte that no step has taken
  bool in_body_ = false;
  std::uint64_t left_ = 0;
  http::HeadScan scan_{kBounds};
  http::ChunkDecoder chunks_;
  Story story_;

  // True: there may be more to do.
  bool step() { return in_body_ ? body() : head(); }
  bool fail(Error error) {
    story_.error = error;
    return false;
  }
  bool head() {
    const auto rest = std::string_view(bytes_).substr(at_);
    const auto state = scan_.advance(rest);
    if (state == http::HeadScan::State::failed) return fail(scan_.error());
    if (state != http::HeadScan::State::complete) return false;
    require(scan_.size() <= rest.size() && scan_.size() - scan_.skipped() <= kBounds.head, "a head is within its bound");
    const auto text = rest.substr(scan_.skipped(), scan_.size() - scan_.skipped());
    http::RequestHead request;
    const auto parsed = http::parse_request(text, request);
    at_ += scan_.size();
    scan_.reset(kBounds);
    if (!parsed) return fail(parsed.error());
    require(request.body.kind != http::BodyKind::until_close, "a request says where it ends");
    story_.requests.push_back({std::string(text), {}, request.body.kind, false});
    left_ = request.body.length;
    chunks_.reset();
    in_body_ = true;
    return true;
  }
  bool done() {
    story_.requests.back().whole = true;
    story_.read = at_;
    in_body_ = false;
    return true;
  }
  bool body() {
    Heard& heard = story_.requests.back();
    const auto rest = std::string_view(bytes_).substr(at_);
    if (heard.kind == http::BodyKind::chunked) {
      const auto next = chunks_.next(rest);
      require(next.consumed <= rest.size(), "a chunk is read from what is there");
      at_ += next.consumed;
      heard.body += next.data;
      if (next.state == http::ChunkDecoder::State::failed) return fail({Cause::bad_framing, "malformed chunk"});
      if (next.state == http::ChunkDecoder::State::done) return done();
      return next.state == http::ChunkDecoder::State::data;
    }
    const auto taken = rest.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size())));
    heard.body += taken;
    at_ += taken.size();
    left_ -= taken.size();
    return left_ == 0 && done();
  }
};

// The other reader must find the same message in the same bytes.
void compare(std::string_view bytes, const Story& ours) {
  std::size_t at = 0;
  for (const Heard& heard : ours.requests) {
    for (int i = 0; i < 4 && bytes.substr(at).starts_with("\r\n"); ++i) at += 2;
    Message theirs;
    const Reading read = read_request(bytes, at, theirs);
    // Only in a body may there be an error yet to come.
    require(read == Reading::whole || !heard.whole, "what is taken is a request by the RFC");
    require(heard.head.starts_with(theirs.first + "\r\n"), "both read the same request line");
    if (read == Reading::whole) require(heard.whole && theirs.body == heard.body, "both read the same body");
  }
  if (!ours.error && ours.read > 0 && !ours.requests.empty() && ours.requests.back().whole)
    require(at == ours.read, "both end at the same byte");
}

// A head that is believed is written anew for the server, and what is written reads as the same request.
void check_forwarded(const std::string& head) {
  http::RequestHead request;
  require(http::parse_request(head, request).ok(), "a head is believed twice");
  for (const bool odd_hosts : {true, false}) {
    Published published(request);
    if (!http::read_target(request, odd_hosts, 443, published.target)) continue;
    std::string target;
    route::append_upstream_target(published.route, published.target, target);
    std::string written;
    route::append_request_head(published.facts, target, request.body, written);

    std::size_t at = 0;
    Message theirs;
    const Reading read = read_request(written, at, theirs);
    require(read != Reading::wrong && theirs.method() == request.method_text && theirs.target() == target &&
                theirs.count("host") == 1,
            "what is forwarded is the request by the RFC");
    const bool chunked = request.body.kind == http::BodyKind::chunked;
    require(chunked ? theirs.ends == Ends::chunked : theirs.ends != Ends::chunked, "with the same framing");

    http::HeadScan scan(http::HeadScan::Bounds{64 * 1024, 8 * 1024, 200, true});
    require(scan.advance(written) == http::HeadScan::State::complete && scan.size() == written.size(),
            "what is forwarded is one head");
    http::RequestHead again;
    require(http::parse_request(written, again).ok(), "what is forwarded is believed");
    require(again.method_text == request.method_text && again.target == target && again.minor == 1, "the request line stays");
    require(again.body.kind == request.body.kind || (request.body.kind == http::BodyKind::none && again.body.length == 0),
            "the framing stays");
    require(again.body.length == request.body.length && !again.expect_continue, "the length stays");
    published.check_fields(request, again);
  }
}

} // namespace

void check_request(std::string_view bytes) {
  std::optional<Story> expected;
  for (const auto& pieces : cuts(bytes)) {
    Reader reader;
    for (const std::string_view piece : pieces) reader.feed(piece);
    if (!expected) expected = reader.story();
    require(reader.story().same(*expected), "cutting changes nothing");
  }
  compare(bytes, *expected);
  for (const Heard& heard : expected->requests) check_forwarded(heard.head);
}

} // namespace ledgergate::fuzz
