// `clients_dir`: clients in files of their own, which programs (`ledgergate client`) may write where the main file is people's.
#include "base/directory.h"
#include "settings/document.h"
#include "settings/read_file.h"
#include "settings/sections.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace ledgergate::settings {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 10'000;

// Mistakes are told with the place in this file; relative names in it start where those of the main file do.
void read_client_file(const std::string& path, const fs::path& directory, Draft& draft) {
  std::string text;
  if (others_may_write(path)) draft.elsewhere.push_back({path, 0, 0, std::string(kOthersMayWrite) + path, false});
  if (std::string mistake = read_file(path, text); !mistake.empty()) {
    draft.elsewhere.push_back({path, 0, 0, std::move(mistake), false});
    return;
  }
  std::string_view yaml = text;
  if (yaml.starts_with("\xef\xbb\xbf")) yaml.remove_prefix(3); // Windows editors put a byte order mark
  Problems problems(path, yaml);
  if (const NodePointer root = check_text(yaml, problems) ? parse_document(yaml, problems, kClientsNeed) : nullptr) {
    Context context{problems, directory, nullptr};
    read_clients(Value(context, root, root->place, "clients"), draft);
  }
  auto told = problems.take();
  std::move(told.begin(), told.end(), std::back_inserter(draft.elsewhere));
}

} // namespace

void read_clients_dir(const Value& value, Draft& draft) {
  std::string directory;
  if (!value.existing_directory(directory)) return;
  if (others_may_write(directory))
    value.error("`clients_dir`: " + quote(directory) + ": " + std::string(kOthersMayWrite) + directory);
  int failure = 0;
  std::vector<fs::path> files;
  for (const std::string& name : names_in(directory, failure)) {
    if (name.starts_with(".") || name == "lock" || name == "audit.log") continue; // the writers' own
    if (!name.ends_with(".yaml"))
      value.warning(quote((fs::path(directory) / name).string()) + " is not read: only files whose names end in `.yaml` are");
    else
      files.push_back(fs::path(directory) / name);
  }
  if (failure != 0)
    return value.error("`clients_dir`: " + quote(directory) + " can't be read: " + std::generic_category().message(failure));
  if (files.size() > kMostFiles) return value.error("`clients_dir` holds more than " + std::to_string(kMostFiles) + " files");
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) read_client_file(file.string(), value.context().directory, draft);
}

std::vector<Problem> check_clients(std::string_view yaml, const std::string& name) {
  Draft draft;
  draft.clients_alone = true;
  Problems problems(name, yaml);
  if (const NodePointer root = check_text(yaml, problems) ? parse_document(yaml, problems, kClientsNeed) : nullptr) {
    Context context{problems, {}, nullptr};
    read_clients(Value(context, root, root->place, "clients"), draft);
  }
  return problems.take();
}

} // namespace ledgergate::settings
