// Answers of the edge itself on its port-80 listener: the redirect to https and ACME's http-01 challenges (RFC 8555 section 8.3).
#include "request/local.h"

#include "request/refuse.h"
#include "route/text.h"
#include "state/services.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ledgergate {
namespace {

constexpr std::size_t kMaxChallenge = 4096;

bool is_token(std::string_view name) {
  return !name.empty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  });
}

} // namespace

// RFC 9110 section 15.4.9: 308 keeps the method. Only requests without body and credentials get here (decide.cpp).
Result<void> answer_redirect(Exchange& x) {
  if (x.target.host.empty()) return Error{Cause::bad_host, "a redirect needs a Host"};
  x.answer.clear();
  x.answer.status = 308;
  std::string& location = x.out;
  location = "https://";
  const bool v6 = x.target.host.find(':') != std::string::npos;
  if (v6) location += '[';
  location += x.target.host;
  if (v6) location += ']';
  if (x.facts.listener->redirect_port != 443) {
    location += ':';
    location += std::to_string(x.facts.listener->redirect_port);
  }
  route::append_uri(x.target.path, location);
  if (x.target.has_query) {
    location += '?';
    route::append_uri(x.target.query, location);
  }
  x.answer.fields.push_back({"Location", location});
  x.record.status = 308;
  x.head_sent = true;
  x.reply->head(x.answer, http::BodyKind::length, 0);
  x.reply->end();
  return {};
}

Result<void> answer_challenge(Exchange& x) {
  if (x.request.method != http::Method::get && x.request.method != http::Method::head)
    return Error{Cause::method_not_allowed, "GET, HEAD"};
  const std::string_view token = std::string_view(x.target.decoded).substr(std::string_view("/.well-known/acme-challenge/").size());
  if (!is_token(token)) return Error{Cause::no_route, "not an ACME token"};
  std::string path = x.facts.listener->acme_webroot + "/.well-known/acme-challenge/";
  path += token;
  const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (file < 0 && errno == EACCES) return Error{Cause::no_route, "the ACME challenge can't be read by the edge: permission denied"};
  if (file < 0) return Error{Cause::no_route, "no such ACME challenge"};
  struct stat about {};
  x.note.resize(kMaxChallenge);
  const bool regular = ::fstat(file, &about) == 0 && S_ISREG(about.st_mode);
  const ssize_t size = regular ? ::read(file, x.note.data(), x.note.size()) : -1;
  ::close(file);
  if (size < 0) return Error{Cause::no_route, "no such ACME challenge"};
  x.note.resize(static_cast<std::size_t>(size));
  answer(x, 200, "application/octet-stream", x.note);
  return {};
}

} // namespace ledgergate
