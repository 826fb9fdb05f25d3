// What the loader asks of a document: its keys, which of them are required, and the words they take.
#pragma once

#include "settings/reader.h"

namespace ledgergate::settings {

[[nodiscard]] Recorder record_schema();

} // namespace ledgergate::settings
