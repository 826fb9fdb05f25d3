// OpenSSL's record buffers (16 KiB and a bit) come and go with every record under SSL_MODE_RELEASE_BUFFERS, and so do its small
// notes on a record being built; a few are kept by each thread, so that the steady state allocates nothing.
#pragma once

namespace ledgergate::io {

// Must run before anything else of OpenSSL. Does nothing in sanitizer builds, which must see every allocation.
void keep_openssl_buffers();

} // namespace ledgergate::io
