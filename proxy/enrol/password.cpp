// Passwords of the user's choice. Never on the command line: everybody on the machine can read that (ps).
#include "enrol/bundle.h"
#include "enrol/files.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ui.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>

namespace ledgergate::enrol {
namespace {

std::string mistake(std::string_view password) {
  if (password.size() < 8) return "has fewer than 8 characters";
  if (password.size() > 128) return "has more than 128 characters";
  for (const char c : password) // PKCS#12 turns it into UTF-16, and not every program does it alike for other letters
    if (c < ' ' || c > '~') return "may hold letters without accents, digits and signs only";
  return "";
}

constexpr int kMostTyped = 255; // more than mistake() allows

// What was typed is wiped, whatever becomes of it.
struct Typed {
  std::array<char, kMostTyped + 1> bytes{};
  ~Typed() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

struct EndPrompt {
  void operator()(UI* prompt) const noexcept { UI_free(prompt); }
};

// OpenSSL's own prompt: it shows nothing of what is typed, and puts the terminal back whatever ends it, a signal too.
// Returns UI_process()'s: 0, or -2 for an interrupt.
int ask_twice(Typed& once, Typed& again) {
  const std::unique_ptr<UI, EndPrompt> prompt(UI_new_method(UI_OpenSSL()));
  if (!prompt || UI_add_input_string(prompt.get(), "Password of the .p12 file: ", 0, once.bytes.data(), 0, kMostTyped) <= 0 ||
      UI_add_input_string(prompt.get(), "Once more: ", 0, again.bytes.data(), 0, kMostTyped) <= 0)
    return -1;
  return UI_process(prompt.get());
}

} // namespace

std::optional<Secret> password_from_file(const std::string& path, std::string& why) {
  const std::filesystem::path file(path);
  const auto folder = Folder::open(file.has_parent_path() ? file.parent_path() : ".", why);
  struct stat about {};
  if (!folder) return std::nullopt;
  if (::fstatat(folder->descriptor(), file.filename().c_str(), &about, 0) == 0 && (about.st_mode & 077U) != 0) {
    why = path + ": others may read it; chmod 600 " + path;
    return std::nullopt;
  }
  auto text = folder->read(file.filename(), why);
  if (!text) return std::nullopt;
  const Secret all(std::move(*text));
  std::string first = all.text().substr(0, all.text().find('\n'));
  if (first.ends_with('\r')) first.pop_back();
  Secret password(std::move(first));
  if (const std::string wrong = mistake(password.text()); !wrong.empty()) {
    why = path + ": the password in its first line " + wrong;
    return std::nullopt;
  }
  return password;
}

std::optional<Secret> password_from_terminal(std::string& why) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) { // the prompt would read from elsewhere
    why = "there is no terminal to ask for a password: use --password-file, or let one be made";
    return std::nullopt;
  }
  ::close(terminal);
  Typed once, again;
  const int asked = ask_twice(once, again);
  ERR_clear_error();
  if (asked != 0) {
    why = asked == -2 ? "interrupted: nothing was done" : "no password of at most 255 characters was typed";
    return std::nullopt;
  }
  Secret password{std::string(once.bytes.data())};
  if (password.text() != again.bytes.data())
    why = "the two passwords are not the same";
  else if (const std::string wrong = mistake(password.text()); !wrong.empty())
    why = "the password " + wrong;
  else
    return password;
  return std::nullopt;
}

} // namespace ledgergate::enrol
