// One published server, and what must be left of a caller's fields on their way to it.
#pragma once

#include "route/outgoing.h"
#include "route/route.h"

namespace ledgergate::fuzz {

struct Published {
  explicit Published(const http::RequestHead& request);
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  settings::Listener listener;
  settings::Server server;
  settings::Route route;
  http::Target target;
  route::Facts facts;

  // Between what came and what goes out: what is the edge's own is there once, what is between two neighbours is not there, and all
  // else stands as it came, in its order.
  static void check_fields(const http::RequestHead& came, const http::RequestHead& goes);
};

} // namespace ledgergate::fuzz
