#include "inspect/rules.h"

#include <gtest/gtest.h>

namespace {

using namespace ledgergate;
using namespace ledgergate::inspect;
using settings::Profile;
using Names = std::vector<std::string>;

std::string denied(Profile profile, const Names& allowed, const Names& operations, const settings::Commands& commands = {}) {
  const std::string* first = first_denied(profile, allowed, operations, commands);
  return first == nullptr ? "" : *first;
}

TEST(MserverRules, GoByNamesWithRegardToCase) {
  EXPECT_EQ(denied(Profile::mserver, {"listStock*", "order"}, {"listStockRequest", "order"}), "");
  EXPECT_EQ(denied(Profile::mserver, {"listStock*", "order"}, {"listStockRequest", "invoice", "order"}), "invoice");
  EXPECT_EQ(denied(Profile::mserver, {"ORDER"}, {"order"}), "order");
}

TEST(MserverRules, TellExportsFromAllElse) {
  const Names exports{"listStockRequest", "listAddressBookRequest", "listOrderRequest", "listInvoiceRequest"};
  EXPECT_EQ(denied(Profile::mserver, {"read"}, exports), "");
  for (const auto& name : exports) EXPECT_EQ(denied(Profile::mserver, {"write"}, {name}), name);
  for (const std::string name :
       {"order", "addressbook", "print", "automaticLiquidation", "listStock", "ListStockRequest", "stock"}) {
    EXPECT_EQ(denied(Profile::mserver, {"read"}, {name}), name);
    EXPECT_EQ(denied(Profile::mserver, {"write"}, {name}), "");
  }
  EXPECT_EQ(denied(Profile::mserver, {"read", "write"}, {"listStockRequest", "order"}), "");
}

TEST(MserverRules, AllowAllWhenNothingIsSaid) { EXPECT_EQ(denied(Profile::mserver, {}, {"order", "select"}), ""); }

TEST(MserverRules, AllowWhatTheHeadAsksByItsWordAlone) {
  for (const std::string name : {"documents", "company_detail"}) {
    for (const Names& rules : {Names{"*"}, Names{"doc*", "company*"}, Names{"read", "write"}, Names{"order"},
                               Names{"*documents", "*_detail"}, Names{"Documents", "Company_Detail"}})
      EXPECT_EQ(denied(Profile::mserver, rules, {name}), name);
    EXPECT_EQ(denied(Profile::mserver, {"order", name}, {name}), "");
    EXPECT_EQ(denied(Profile::mserver, {}, {name}), "");
  }
  EXPECT_EQ(denied(Profile::mserver, {"documents"}, {"company_detail"}), "company_detail");
  EXPECT_EQ(denied(Profile::mserver, {"documents"}, {"order"}), "order");
  // Of an ApiComPrem they are names like others.
  EXPECT_EQ(denied(Profile::apicomprem, {"doc*"}, {"DOCUMENTS"}), "");
}

TEST(ApicompremRules, AllowSelectByItsNameAlone) {
  for (const Names& rules :
       {Names{}, Names{"*"}, Names{"s*"}, Names{"select*"}, Names{"*select"}, Names{"read", "write"}, Names{"INFO"}})
    for (const std::string name : {"select", "SELECT"}) EXPECT_EQ(denied(Profile::apicomprem, rules, {name}), name);
  EXPECT_EQ(denied(Profile::apicomprem, {"select"}, {"select"}), "");
  EXPECT_EQ(denied(Profile::apicomprem, {"*", "Select"}, {"X", "select"}), "");
  // A server's lists can't let it in either.
  EXPECT_EQ(denied(Profile::apicomprem, {"read", "write"}, {"select"}, {{"select", "*"}, {"select", "*"}}), "select");
}

TEST(ApicompremRules, GoByNamesWithoutRegardToCase) {
  EXPECT_EQ(denied(Profile::apicomprem, {"INFO", "FA_*"}, {"info", "fa_out"}), "");
  EXPECT_EQ(denied(Profile::apicomprem, {"INFO", "FA_*"}, {"PARTNERI_ADD"}), "PARTNERI_ADD");
}

TEST(ApicompremRules, KnowReadAndWriteByLists) {
  for (const std::string name : {"INFO", "VERZEAPI", "FA_OUT"}) {
    EXPECT_EQ(denied(Profile::apicomprem, {"read"}, {name}), "");
    EXPECT_EQ(denied(Profile::apicomprem, {"write"}, {name}), name);
  }
  EXPECT_EQ(denied(Profile::apicomprem, {"write"}, {"PARTNERI_ADD"}), "");
  EXPECT_EQ(denied(Profile::apicomprem, {"read"}, {"PARTNERI_ADD"}), "PARTNERI_ADD");
  // In neither list: it must be named.
  EXPECT_EQ(denied(Profile::apicomprem, {"read", "write"}, {"SKLAD"}), "SKLAD");
  EXPECT_EQ(denied(Profile::apicomprem, {"sklad"}, {"SKLAD"}), "");
  const settings::Commands commands{{"SKLAD*"}, {"*_ADD", "SKLAD_IN"}};
  EXPECT_EQ(denied(Profile::apicomprem, {"read"}, {"SKLAD"}, commands), "");
  EXPECT_EQ(denied(Profile::apicomprem, {"write"}, {"ZAKAZKY_ADD"}, commands), "");
  // In both lists: it writes.
  EXPECT_EQ(denied(Profile::apicomprem, {"read"}, {"SKLAD_IN"}, commands), "SKLAD_IN");
  EXPECT_EQ(denied(Profile::apicomprem, {"write"}, {"SKLAD_IN"}, commands), "");
}

TEST(ApicompremRules, AllowAllButSelectWhenNothingIsSaid) {
  EXPECT_EQ(denied(Profile::apicomprem, {}, {"INFO", "PARTNERI_ADD", "SKLAD"}), "");
}

} // namespace
