// What a server is told of the caller's certificate (RFC 9440): values of Client-Cert and Client-Cert-Chain.
#pragma once

#include <openssl/types.h>

#include <string>

namespace ledgergate::listen {

// The certificate that the caller of this connection has shown (section 2.2), and those between it and the CA of ours that it was
// believed by, nearest first (section 2.3; that CA itself, the server has to know). Byte Sequences, and a List of them (RFC 8941).
// Both append; nothing when there is none. `ssl` may be null: a plain connection.
void append_client_cert(const SSL* ssl, std::string& out);
void append_client_cert_chain(const SSL* ssl, std::string& out);

} // namespace ledgergate::listen
