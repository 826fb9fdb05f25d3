#include "settings/known_operations.h"

#include "base/wildcard.h"
#include "settings/problems.h"
#include "settings/reader.h"
#include "settings/suggest.h"

#include <algorithm>
#include <vector>

namespace ledgergate::settings {
namespace {

// http://www.stormware.cz/schema/version_2/data.xsd (dataPackItemType), and list.xsd for exports that came later.
constexpr std::string_view kPohoda[] = {
    "GDPR",
    "accountingSalesVouchers",
    "addressbook",
    "automaticLiquidation",
    "bank",
    "bankAccount",
    "categoryDetail",
    "contract",
    "createAccountingDoubleEntry",
    "discount",
    "enquiry",
    "groupStocks",
    "intDoc",
    "intParamDetail",
    "inventoryLists",
    "invoice",
    "isdoc",
    "liquidationWithoutLink",
    "listAccountRequest",
    "listAccountancyRequest",
    "listAccountingDoubleEntryRequest",
    "listAccountingSingleEntryRequest",
    "listAccountingUnitRequest",
    "listActionPriceRequest",
    "listActivityRequest",
    "listAddressBookRequest",
    "listBalanceRequest",
    "listBankAccountRequest",
    "listBankRequest",
    "listCashRegisterRequest",
    "listCashRequest",
    "listCategoryRequest",
    "listCentreRequest",
    "listClassificationVATRequest",
    "listContractRequest",
    "listEnquiryRequest",
    "listEstablishmentRequest",
    "listGDPRRequest",
    "listGlobalSettingsRequest",
    "listGroupStocksRequest",
    "listIndividualPriceRequest",
    "listIntDocRequest",
    "listIntParamRequest",
    "listInventoryListsRequest",
    "listInvoiceRequest",
    "listMovementRequest",
    "listNumericSeriesRequest",
    "listNumericalSeriesRequest",
    "listOfferRequest",
    "listOrderRequest",
    "listParameterRequest",
    "listPaymentRequest",
    "listPrevodkaRequest",
    "listPrijemkaRequest",
    "listProdejkaRequest",
    "listProductRequirementRequest",
    "listRecyclingContribRequest",
    "listRegistrationNumberRequest",
    "listRulesPairingRequest",
    "listSellingPriceRequest",
    "listServiceRequest",
    "listStockRequest",
    "listStorageRequest",
    "listStoreRequest",
    "listSupplierRequest",
    "listUserCode",
    "listUserCodeRequest",
    "listVoucherRequest",
    "listVydejkaRequest",
    "listVyrobaRequest",
    "lock",
    "mKasaRequest",
    "numericalSeries",
    "offer",
    "order",
    "parameter",
    "prevodka",
    "prijemka",
    "print",
    "prodejka",
    "productRequirement",
    "rulesPairing",
    "sendEET",
    "service",
    "stock",
    "storage",
    "store",
    "voucher",
    "vydejka",
    "vyroba",
};

// The vendor's manual, and the commands of type IN that an ApiComPrem lists when it is asked INFO.
constexpr std::string_view kPremier[] = {
    "FA_IN_ADD",    "FA_IN_AUDIT",  "FA_IN_UPD",    "FA_OUT",       "FA_OUT_ADD", "FA_ZIN_ADD", "FA_ZIN_AUDIT",
    "FA_ZIN_UPD",   "FA_ZOUT_ADD",  "INFO",         "NABIDKY_ADD",  "OB_IN_ADD",  "OB_IN_UPD",  "OB_OUT_ADD",
    "PARTNERI_ADD", "PART_ADR_ADD", "PART_KON_ADD", "PRIJEMKY_ADD", "SKLAD_ADD",  "VAZBY_ADD",  "VERZEAPI",
    "VYDEJKY_ADD",  "VYDEJKY_UPD",  "ZAKAZKA_ADD",  "ZAKAZKA_UPD",
};

// Near what is known: for `listStok*` as much of the names as it speaks of.
std::string suggestion(Profile profile, std::string_view word, const Commands& commands) {
  std::vector<std::string> candidates{"read", "write"};
  if (profile == Profile::mserver)
    candidates.insert(candidates.end(), {std::string(kDocuments), std::string(kCompanyDetail)});
  else
    candidates.emplace_back("select");
  const bool beginning = word.ends_with('*') && word.find('*') == word.size() - 1;
  const std::size_t length = word.size() - 1;
  for (const std::string_view name : known_operations(profile)) {
    if (!beginning) candidates.emplace_back(name);
    // One letter too few is the likeliest, then one that is wrong.
    for (const std::size_t part : {length + 1, length, length - 1})
      if (beginning && part <= name.size()) candidates.push_back(std::string(name.substr(0, part)) + '*');
  }
  for (const auto* list : {&commands.out, &commands.in}) candidates.insert(candidates.end(), list->begin(), list->end());
  return did_you_mean(word, candidates);
}

} // namespace

std::span<const std::string_view> known_operations(Profile profile) noexcept {
  if (profile == Profile::mserver) return kPohoda;
  if (profile == Profile::apicomprem) return kPremier;
  return {};
}

std::string operation_mistake(Profile profile, std::string_view word, const Commands& commands) {
  const bool json = profile == Profile::apicomprem;
  if (word == "read" || word == "write" || (json ? lower(word) == "select" : is_named_by_head(word))) return "";
  const auto known = known_operations(profile);
  if (std::any_of(known.begin(), known.end(), [&](std::string_view name) { return wildcard_matches(word, name, json); })) return "";
  for (const auto* list : {&commands.out, &commands.in})
    for (const std::string& own : *list)
      if (wildcard_matches(word, own, json) || wildcard_matches(own, word, json)) return "";
  const std::string what = word.find('*') == std::string_view::npos ? " is no operation" : " fits no operation";
  return quote(word) + what +
         (json ? " that Premier is known to have; one of your own belongs in the server's `commands`" : " of POHODA's schemas") +
         suggestion(profile, word, commands);
}

} // namespace ledgergate::settings
