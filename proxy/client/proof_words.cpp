#include "client/proof_words.h"

#include <array>

namespace ledgergate::client {

std::string_view proof_words(settings::Proofs proofs) noexcept {
  static constexpr std::array<std::string_view, 16> kWords = {"",
                                                              "certificate",
                                                              "key",
                                                              "certificate,key",
                                                              "password",
                                                              "certificate,password",
                                                              "key,password",
                                                              "certificate,key,password",
                                                              "address",
                                                              "certificate,address",
                                                              "key,address",
                                                              "certificate,key,address",
                                                              "password,address",
                                                              "certificate,password,address",
                                                              "key,password,address",
                                                              "certificate,key,password,address"};
  static_assert(settings::kCertificate == 1 && settings::kApiKey == 2 && settings::kPassword == 4 && settings::kAddress == 8);
  return kWords[proofs & 15U];
}

} // namespace ledgergate::client
