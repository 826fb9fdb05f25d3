// What a refusal tells the caller to do next. Connectors in the field send a POST again by themselves on 503, so that status and
// "safe to send again" must never be said of a request that the server may have carried out.
#include "request/compress_reply.h"
#include "request/refuse.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace ledgergate;

class Reply final : public ReplySink {
public:
  void head(const http::ReplyHead& reply, http::BodyKind, std::uint64_t) override {
    status = reply.status;
    for (const auto& field : reply.fields) fields.append(field.name).append(": ").append(field.value).append("\n");
  }
  void body(std::string_view bytes) override { text += bytes; }
  void end() override {}
  io::Step flush() override { return io::Step::done; }
  void rest() noexcept override {}
  [[nodiscard]] std::size_t undelivered() const override { return 0; }
  [[nodiscard]] bool take_back() override { return may_be_taken_back; }
  void cut() override {}

  bool may_be_taken_back = false;
  int status = 0;
  std::string fields, text;
};

// A body of which `left` pieces of 16 KiB have come; then it ends, or the rest is on its way.
class Body final : public BodySource {
public:
  Body(int pieces, bool all) : left(pieces), all_(all) {}
  io::Step pull(std::string_view& bytes) override {
    if (left == 0) return all_ ? io::Step::ended : io::Step::blocked;
    --left;
    bytes = piece_;
    return io::Step::done;
  }
  void want() override {}
  void limit(std::uint64_t) override {}
  void invite() override { ADD_FAILURE() << "nobody wants it"; }
  [[nodiscard]] Error error() const override { return {}; }
  [[nodiscard]] bool complete() const override { return all_ && left == 0; }
  [[nodiscard]] bool caller_gone() override { return false; }
  [[nodiscard]] bool caller_left() override { return false; }

  int left;

private:
  bool all_;
  std::string piece_ = std::string(16 * 1024, 'x');
};

Reply refused(Cause cause, http::Method method, bool forwarded, BodySource& body) {
  static const settings::Route route;
  static const settings::Server server;
  Reply reply;
  Exchange exchange;
  exchange.facts.route = &route;
  exchange.facts.server = &server;
  exchange.reply = &reply;
  exchange.body = &body;
  exchange.request.method = method;
  exchange.record.forwarded = forwarded;
  refuse(exchange, Error{cause});
  return reply;
}

Reply refused(Cause cause, http::Method method, bool forwarded) {
  Body none(0, true);
  return refused(cause, method, forwarded, none);
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Refusal, PassesOverASmallBodyThatHasCome) {
  Body small(3, true);
  EXPECT_EQ(refused(Cause::connect_refused, http::Method::post, false, small).status, 502);
  EXPECT_TRUE(small.complete());
  Body coming(3, false);
  EXPECT_EQ(refused(Cause::connect_refused, http::Method::post, false, coming).status, 502);
  EXPECT_FALSE(coming.complete());
  Body large(100, true);
  EXPECT_EQ(refused(Cause::connect_refused, http::Method::post, false, large).status, 502);
  EXPECT_EQ(large.left, 96) << "what is read in one go is bounded";
  Body doubtful(3, true);
  EXPECT_EQ(refused(Cause::bad_framing, http::Method::post, false, doubtful).status, 400);
  EXPECT_EQ(doubtful.left, 3) << "the connection ends anyway";
}

// Memory may run out between the taking of a compressor and the head behind it.
TEST(Refusal, IsToldToTheCallerWhetherACompressorWasTakenOrStandsBeforeHim) {
  static const settings::Route route;
  static const settings::Server server;
  for (const bool before : {false, true}) {
    Compressors compressors;
    Body none(0, true);
    Reply reply;
    reply.may_be_taken_back = true;
    Exchange exchange;
    exchange.facts.route = &route;
    exchange.facts.server = &server;
    exchange.reply = &reply;
    exchange.body = &none;
    exchange.head_sent = true;
    exchange.pressed = compressors.lease(http::Coding::gzip, 6);
    ASSERT_TRUE(exchange.pressed);
    if (before) {
      exchange.pressed->before(reply);
      exchange.reply = exchange.pressed.get();
    }
    refuse(exchange, Error{Cause::out_of_memory});
    EXPECT_EQ(exchange.reply, &reply);
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(compressors.at_work(), 0U);
  }
}

TEST(Refusal, WithoutCapacityMaySendAgain) {
  const auto reply = refused(Cause::no_capacity, http::Method::post, false);
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(has(reply.fields, "Retry-After: 5")) << reply.fields;
  EXPECT_TRUE(has(reply.fields, "forwarded=no")) << reply.fields;
  EXPECT_TRUE(has(reply.text, "safe to send it again")) << reply.text;
}

TEST(Refusal, OfWhatWasForwardedIsNeverAnInvitation) {
  for (const Cause cause :
       {Cause::out_of_memory, Cause::no_capacity, Cause::internal, Cause::reply_timeout, Cause::upstream_closed}) {
    const auto reply = refused(cause, http::Method::post, true);
    EXPECT_NE(reply.status, 503) << describe(cause).name;
    EXPECT_FALSE(has(reply.fields, "Retry-After")) << reply.fields;
    EXPECT_TRUE(has(reply.fields, "forwarded=maybe")) << reply.fields;
    EXPECT_TRUE(has(reply.text, "may have been carried out")) << describe(cause).name << ": " << reply.text;
    EXPECT_FALSE(has(reply.text, "safe to send it again")) << reply.text;
  }
}

TEST(Refusal, OfAServerThatWasNotReachedMaySendAgain) {
  const auto reply = refused(Cause::connect_refused, http::Method::post, false);
  EXPECT_EQ(reply.status, 502);
  EXPECT_TRUE(has(reply.text, "safe to send it again")) << reply.text;
}

TEST(Refusal, OfASafeMethodNeedsNoWarning) {
  const auto reply = refused(Cause::reply_timeout, http::Method::get, true);
  EXPECT_EQ(reply.status, 504);
  EXPECT_FALSE(has(reply.text, "carried out")) << reply.text;
}

} // namespace
