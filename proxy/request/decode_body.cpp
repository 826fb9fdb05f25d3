#include "request/decode_body.h"

#include "http/head.h"
#include "io/loop.h"
#include "request/decide.h"
#include "request/inspect_request.h"
#include "request/own_secrets.h"

namespace ledgergate {
namespace {

constexpr std::size_t kRoom = 64 * 1024;

} // namespace

Result<void> DecodeBody::begin() {
  inflater_ = std::make_unique<http::Inflater>();
  http::Inflater::Bounds bounds;
  bounds.size = body_limit(x_);
  return inflater_->start(x_.body_coding, bounds);
}

Result<void> DecodeBody::keep(std::string_view bytes) {
  const auto read = read_request(x_, bytes);
  if (!read) return read;
  return x_.spool.append(bytes);
}

Result<void> DecodeBody::decode(std::string_view bytes, const io::Block& room) {
  for (;;) {
    const auto step = inflater_->next(bytes, room.data, room.size);
    if (step.state == http::Inflater::State::failed) return inflater_->error();
    if (step.state == http::Inflater::State::more) return {};
    bytes.remove_prefix(step.consumed);
    const auto kept = keep({room.data, step.made});
    if (!kept) return kept;
  }
}

Result<void> DecodeBody::take(std::string_view bytes) {
  if (x_.body_coding == http::Coding::identity || bytes.empty()) return keep(bytes);
  if (!inflater_) {
    const auto begun = begin();
    if (!begun) return begun;
  }
  // Lent for these bytes alone: the caller may take long for the next ones.
  io::BufferPool& buffers = x_.wake->loop().buffers();
  io::Block room = buffers.take(kRoom);
  const auto decoded = decode(bytes, room);
  buffers.give(room);
  return decoded;
}

Result<void> DecodeBody::finish() {
  if (x_.body_coding == http::Coding::identity) return {};
  if (inflater_) {
    const auto whole = inflater_->finish();
    if (!whole) return whole;
  }
  std::erase_if(x_.request.fields, [](const http::Field& field) { return http::speaks_of_coded_bytes(field.name); });
  keep_own_secrets(x_); // those that end here are known by their places
  return {};
}

} // namespace ledgergate
