#include "http/reply_reader.h"

namespace ledgergate::http {
namespace {
constexpr std::uint32_t kMaxFields = 1000;
constexpr int kMaxInterim = 8;
} // namespace

ReplyReader::ReplyReader(Method to, std::uint32_t head_bound)
    : to_(to), bounds_{head_bound, head_bound, kMaxFields, false}, scan_(bounds_) {}

// `more` with `used` != 0: an interim reply was passed over.
ReplyReader::State ReplyReader::take_head(std::string_view input, std::size_t& used) {
  const auto state = scan_.advance(input);
  if (state == HeadScan::State::failed) return fail(scan_.error());
  if (state != HeadScan::State::complete) return State::more;
  used = scan_.size();
  head_.assign(input.substr(0, used));
  ReplyHead head;
  const auto parsed = parse_reply(head_, to_, head);
  if (!parsed) return fail(parsed.error());
  status_ = head.status;
  if (status_ == 101) return fail({Cause::upgrade_failed, "101 without a request to upgrade"});
  if (status_ < 200) { // RFC 9110 section 15.2
    if (++interims_ > kMaxInterim) return fail({Cause::reply_unparsable, "too many interim replies"});
    scan_.reset(bounds_);
    return State::more;
  }
  for (const Field& field : head.fields)
    if (iequals(field.name, "Content-Type")) content_type_ = field.value;
  body_.emplace(head.body);
  return State::done;
}

ReplyReader::State ReplyReader::take(std::string_view input, std::size_t& used, std::string* kept) {
  used = 0;
  while (!body_) {
    std::size_t taken = 0;
    const State head = take_head(input.substr(used), taken);
    used += taken;
    if (head == State::failed || (head == State::more && taken == 0)) return head;
  }
  for (;;) {
    std::string_view bytes;
    std::size_t taken = 0;
    const auto state = body_->next(input.substr(used), bytes, taken);
    used += taken;
    if (state == ReplyBody::State::bad) return fail({Cause::reply_bad_coding});
    if (kept != nullptr) kept->append(bytes);
    if (state == ReplyBody::State::done) return State::done;
    if (state == ReplyBody::State::more) return State::more;
  }
}

} // namespace ledgergate::http
