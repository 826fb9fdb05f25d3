#include "observe/access_log.h"

#include "base/prepare_thread.h"
#include "observe/escape.h"
#include "observe/mask.h"
#include "observe/stamp.h"

#include <array>
#include <charconv>
#include <cstddef>

namespace ledgergate::observe {
namespace {

thread_local std::string scratch;
const PreparedThread prepared([] { scratch.clear(); });

void append_number(std::uint64_t value, std::string& out) {
  std::array<char, 20> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), static_cast<std::size_t>(end.ptr - text.data()));
}

// Microseconds as milliseconds with three decimals: what people read, without floating point.
void append_millis(std::int64_t micros, std::string& out) {
  const auto value = static_cast<std::uint64_t>(micros < 0 ? 0 : micros);
  append_number(value / 1000, out);
  const auto rest = static_cast<unsigned>(value % 1000);
  const std::array<char, 4> decimals{'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                                     static_cast<char>('0' + rest % 10)};
  out.append(decimals.data(), decimals.size());
}

// The two formats differ only in how a field is written. Names given here are plain words; values are whatever arrived.
class JsonFields {
public:
  explicit JsonFields(std::string& out) : out_(out) { out_.push_back('{'); }
  void text(std::string_view name, std::string_view value) {
    begin(name);
    out_.push_back('"');
    append_json(value, out_);
    out_.push_back('"');
  }
  void word(std::string_view name, std::string_view value) {
    begin(name);
    out_.push_back('"');
    out_.append(value);
    out_.push_back('"');
  }
  void number(std::string_view name, std::uint64_t value) {
    begin(name);
    append_number(value, out_);
  }
  void millis(std::string_view name, std::int64_t micros) {
    begin(name);
    append_millis(micros, out_);
  }
  void yes(std::string_view name) {
    begin(name);
    out_.append("true");
  }
  void end() { out_.append("}\n"); }

private:
  void begin(std::string_view name) {
    if (out_.back() != '{') out_.push_back(',');
    out_.push_back('"');
    out_.append(name);
    out_.append("\":");
  }
  std::string& out_;
};

class TextFields {
public:
  explicit TextFields(std::string& out) : out_(out) {}
  void text(std::string_view name, std::string_view value) {
    begin(name);
    append_text(value, out_);
  }
  void word(std::string_view name, std::string_view value) {
    begin(name);
    out_.append(value);
  }
  void number(std::string_view name, std::uint64_t value) {
    begin(name);
    append_number(value, out_);
  }
  void millis(std::string_view name, std::int64_t micros) {
    begin(name);
    append_millis(micros, out_);
  }
  void yes(std::string_view name) { word(name, "true"); }
  void end() { out_.push_back('\n'); }

private:
  void begin(std::string_view name) {
    if (!first_) out_.push_back(' ');
    first_ = false;
    out_.append(name);
    out_.push_back('=');
  }
  std::string& out_;
  bool first_ = true;
};

// What did not happen or is not known leaves no field.
template <class Fields>
void write(const AccessRecord& r, const std::vector<std::string>& mask, Fields fields) {
  thread_local Stamp stamp;
  const auto known = [&fields](std::string_view name, std::string_view value) {
    if (!value.empty()) fields.text(name, value);
  };
  const auto measured = [&fields](std::string_view name, std::int64_t micros) {
    if (micros >= 0) fields.millis(name, micros);
  };
  const SecretNames names{mask, r.secret_names};
  fields.word("time", stamp.at(r.unix_micros));
  known("id", r.request_id);
  known("listener", r.listener);
  known("client", r.client_ip);
  if (r.client_port != 0) fields.number("port", r.client_port);
  known("client_name", r.client_name);
  known("proof", r.proof);
  known("tls", r.tls_version);
  known("cipher", r.tls_cipher);
  known("sni", r.tls_sni);
  known("method", r.method);
  known("host", r.host);
  if (!r.path.empty()) fields.text("path", mask_path(r.path, names, scratch));
  if (r.has_query) fields.text("query", mask_query(r.query, names, scratch));
  known("http", r.http_version);
  known("route", r.route);
  known("server", r.server);
  known("operation", r.operation);
  known("unit", r.unit);
  fields.number("status", r.status);
  fields.number("bytes_in", r.bytes_in);
  fields.number("bytes_out", r.bytes_out);
  measured("head_ms", r.head_micros);
  measured("turn_ms", r.turn_micros);
  measured("connect_ms", r.connect_micros);
  measured("first_byte_ms", r.first_byte_micros);
  fields.millis("total_ms", r.total_micros);
  if (r.reused_connection) fields.yes("reused");
  if (r.outcome != Outcome::none) fields.word("outcome", to_string(r.outcome));
  const auto counted = [&fields](std::string_view name, std::uint32_t items) {
    if (items != 0) fields.number(name, items);
  };
  counted("items_ok", r.items_ok);
  counted("items_warning", r.items_warning);
  counted("items_error", r.items_error);
  if (r.items_partial) fields.yes("items_partial");
  fields.word("forwarded", r.forwarded ? "maybe" : "no");
  if (r.failure) {
    const CauseInfo& cause = describe(r.failure->cause);
    fields.word("side", to_string(cause.side));
    fields.word("cause", cause.name);
    known("detail", r.failure->detail);
  }
  fields.end();
}

} // namespace

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
  case Outcome::none: return "none";
  case Outcome::unknown: return "unknown";
  case Outcome::ok: return "ok";
  case Outcome::warning: return "warning";
  case Outcome::error: return "error";
  }
  return "none";
}

void append_line(const AccessRecord& record, settings::LogFormat format, const std::vector<std::string>& mask, std::string& out) {
  switch (format) {
  case settings::LogFormat::json: write(record, mask, JsonFields(out)); return;
  case settings::LogFormat::text: write(record, mask, TextFields(out)); return;
  }
}

} // namespace ledgergate::observe
