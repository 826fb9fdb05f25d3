#include "checks.h"
#include "inspect/outcome.h"
#include "inspect/status.h"
#include "require.h"

#include <optional>

namespace ledgergate::fuzz {

void check_reply(std::string_view bytes) {
  using settings::Profile;
  for (const Profile profile : {Profile::mserver, Profile::apicomprem})
    for (const http::Coding coding : {http::Coding::identity, http::Coding::gzip}) {
      std::optional<inspect::Outcome> expected;
      for (const auto& pieces : cuts(bytes)) {
        inspect::OutcomeReader reader(profile, "text/xml; charset=utf-8", coding);
        for (const std::string_view piece : pieces) reader.feed(piece);
        reader.finish();
        const inspect::Outcome& got = reader.outcome();
        require(!reader.curious(), "a finished reader wants no more");
        if (!expected) expected = got;
        require(got.state == expected->state, "cutting changes no state");
        // How far a compressed reply was read before it broke depends on the pieces.
        if (coding == http::Coding::identity)
          require(got.ok == expected->ok && got.error == expected->error && got.warning == expected->warning,
                  "cutting changes no count");
      }
    }
  const auto status = inspect::read_status(bytes, "text/xml;");
  require(status.name.size() <= 256 && status.company.size() <= 256, "texts of a status are short");
}

} // namespace ledgergate::fuzz
