// Inputs near given ones: bytes changed, pieces taken away, doubled, swapped with those of another seed, and words of HTTP put
// between. Always the same ones for the same seeds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ledgergate::fuzz {

class Mutator {
public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}
  [[nodiscard]] std::string next();

private:
  const std::vector<std::string>& seeds_;
  std::uint64_t state_ = 88172645463325252ULL;

  std::size_t below(std::size_t bound);
  const std::string& seed() { return seeds_[below(seeds_.size())]; }
  void change(std::string& input);
};

} // namespace ledgergate::fuzz
