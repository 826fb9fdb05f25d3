// Passwords of the user's choice. Never on the command line: everybody on the machine can read that (ps).
#include "enrol/bundle.h"
#include "enrol/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <filesystem>

namespace ledgergate::enrol {
namespace {

std::string mistake(std::string_view password) {
  if (password.size() < 8) return "has fewer than 8 characters";
  if (password.size() > 128) return "has more than 128 characters";
  for (const char c : password) // PKCS#12 turns it into UTF-16, and not every program does it alike for other letters
    if (c < ' ' || c > '~') return "may hold letters without accents, digits and signs only";
  return "";
}

// Shows nothing of what is typed, for as long as it lives.
class Hidden {
public:
  explicit Hidden(int terminal) : terminal_(terminal), known_(::tcgetattr(terminal, &before_) == 0) {
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (known_) ::tcsetattr(terminal_, TCSAFLUSH, &quiet);
  }
  ~Hidden() {
    if (known_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

private:
  int terminal_;
  termios before_{};
  bool known_;
};

std::optional<Secret> line_from(int terminal, std::string_view question) {
  const Hidden hidden(terminal);
  if (::write(terminal, question.data(), question.size()) < 0) return std::nullopt; // nobody would know what is asked
  std::string line;
  line.reserve(256);
  char c = 0;
  while (line.size() < 256 && ::read(terminal, &c, 1) == 1 && c != '\n') line += c;
  const bool typed = ::write(terminal, "\n", 1) == 1 && c == '\n';
  if (!typed) return std::nullopt;
  return Secret(std::move(line));
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
  if (terminal < 0) {
    why = "there is no terminal to ask for a password: use --password-file, or let one be made";
    return std::nullopt;
  }
  auto once = line_from(terminal, "Password of the .p12 file: ");
  const auto again = line_from(terminal, "Once more: ");
  ::close(terminal);
  if (!once || !again || once->text() != again->text())
    why = "the two passwords are not the same";
  else if (const std::string wrong = mistake(once->text()); !wrong.empty())
    why = "the password " + wrong;
  else
    return once;
  return std::nullopt;
}

} // namespace ledgergate::enrol
