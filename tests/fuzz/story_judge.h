// What was said in a story, read again by another reader from both far ends.
#pragma once

#include "story_settings.h"
#include "story_world.h"

namespace ledgergate::fuzz {

// The servers got whole requests, each one that the caller sent, with its body, none twice but what may be; the caller got whole
// replies, one for each request and in their order, and sees it when one is not whole.
void judge(World& world, const Door& door);

} // namespace ledgergate::fuzz
