#include "base/pem_file.h"
#include "base/regular_file.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <system_error>
#include <utility>

namespace ledgergate {
namespace {

// A key that everybody on the machine may read is everybody's. No look at the owner: a file that root gave to our group is usual.
bool is_open_to_all(const std::filesystem::path& key) {
  std::error_code error;
  const auto mode = std::filesystem::status(key, error).permissions();
  return !error && (mode & std::filesystem::perms::others_all) != std::filesystem::perms::none;
}

// Why the key is not the leaf's, when it is another certificate's of the chain.
std::string owner_words(const PemPair& pair, const std::filesystem::path& key) {
  for (std::size_t i = 1; i < pair.chain.size(); ++i)
    if (X509_check_private_key(pair.chain[i].get(), pair.key.get()) == 1)
      return pair.places[i] + " is the certificate of the key in " + key.string() + ": it must come first, then its issuer";
  return "";
}

// A certificate that its issuer in the same file did not sign as it says has a byte that was changed.
std::string damage_words(const PemPair& pair) {
  for (std::size_t i = 0; i < pair.chain.size(); ++i)
    for (std::size_t k = 0; k < pair.chain.size(); ++k) {
      X509* const issuer = pair.chain[k].get();
      EVP_PKEY* const key = X509_get0_pubkey(issuer);
      if (i != k && key != nullptr && X509_check_issued(issuer, pair.chain[i].get()) == X509_V_OK && X509_check_ca(issuer) != 0 &&
          X509_get0_authority_key_id(pair.chain[i].get()) != nullptr && !signature_fits(pair.chain[i].get(), key))
        return pair.places[i] + " is not signed by its issuer (" + pair.places[k] +
               "): one of them is damaged or of another time; copy the file again as a whole";
    }
  return "";
}

} // namespace

std::optional<PemPair> read_pem_pair(const std::filesystem::path& chain, const std::filesystem::path& key,
                                     std::vector<PemPairProblem>& problems) {
  std::error_code unseen;
  const bool same = chain == key || std::filesystem::equivalent(chain, key, unseen);
  const std::size_t before = problems.size();
  const auto take = [&](const std::filesystem::path& path, PemRole role, bool of_key) {
    PemPairProblem problem;
    auto read = read_pem_file(path, role, problem);
    problem.of_key = of_key;
    if (!read) problems.push_back(std::move(problem));
    return read;
  };
  PemPair pair;
  auto certificates = take(chain, same ? PemRole::chain_and_key : PemRole::chain, false);
  if (!certificates && !problems.back().missing) return std::nullopt;
  if (same) {
    if (!certificates) return std::nullopt;
    pair.key = std::move(certificates->key);
  } else {
    auto read = take(key, PemRole::key, true);
    if (!certificates || !read) return std::nullopt;
    pair.key = std::move(read->key);
  }
  pair.chain = std::move(certificates->certificates);
  pair.places = std::move(certificates->places);
  const auto refuse = [&](const std::filesystem::path& file, std::string words, bool mismatch = false) {
    PemPairProblem problem;
    problem.file = file.string();
    problem.words = std::move(words);
    problem.of_key = file == key;
    problem.mismatch = mismatch;
    problems.push_back(std::move(problem));
  };
  if (is_open_to_all(key)) refuse(key, "everybody on this machine may read this private key; run: " + closing_words(key.string()));
  if (X509_check_private_key(pair.chain.front().get(), pair.key.get()) != 1) {
    if (std::string words = owner_words(pair, key); !words.empty())
      refuse(chain, std::move(words));
    else
      refuse(key, "this key does not belong to the certificate in " + chain.string(), true);
  } else if (std::string words = damage_words(pair); !words.empty()) {
    refuse(chain, std::move(words));
  }
  ERR_clear_error();
  if (problems.size() != before) return std::nullopt;
  return pair;
}

} // namespace ledgergate
