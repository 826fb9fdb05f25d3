#include "request/part_with.h"

#include "request/own_connection.h"
#include "request/place.h"
#include "request/receive.h"
#include "state/generation.h"

#include <utility>

namespace ledgergate {

namespace {

bool announces_body(const http::ReplyHead& reply) {
  for (const auto& field : reply.fields) {
    if (http::iequals(field.name, "Transfer-Encoding")) return true;
    if (http::iequals(field.name, "Content-Length") && field.value != "0") return true;
  }
  return false;
}

// Only a connection on which both messages are complete beyond doubt may carry another request. A server that sends a body behind
// a reply that has none (HEAD, 204, 304: common enough) would answer the next caller with it.
bool keeps_server_connection(const Exchange& x, const io::Stream& server) {
  const bool head = x.request.method == http::Method::head;
  if (head && !x.own_connection) return false; // a login's legs may be HEAD; who would get such a body is the same caller
  if (!head && x.answer.body.kind == http::BodyKind::none && announces_body(x.answer)) return false;
  return x.answer.keep_alive && server.unsent() == 0 && server.input().empty();
}

} // namespace

void part_with(Exchange& x, io::Stream::Ptr& server, Place& place, bool reusable) {
  x.at_server = nullptr;
  if (reusable && keeps_server_connection(x, *server)) {
    if (x.own_connection)
      keep_own(x, std::move(server));
    else
      x.generation->pool(x.server).put(std::move(server), server_keeps_until(x));
  } else if (place.held()) {
    place.give_on(std::move(server));
  } else {
    server.reset();
  }
}

} // namespace ledgergate
