#include "profile/asked_by_head.h"

#include <gtest/gtest.h>

#include <string>

namespace ledgergate::profile {
namespace {

TEST(AskedByHead, NamesFilesAndTheCompany) {
  for (const char* path : {"/documents", "/documents/faktura.pdf", "/DOCUMENTS/a/b.jpg", "/Documents/", "//documents/a"})
    EXPECT_EQ(asked_by_head(path, "", false), "documents") << path;
  for (const char* path : {"/xml", "/XML", "//xml", "/xml/"}) {
    EXPECT_EQ(asked_by_head(path, "", true), "") << path;
    EXPECT_EQ(asked_by_head(path, "companyDetail", true), "") << path;
  }
  for (const char* path : {"/status", "/Status", "//status", "/status/"}) {
    EXPECT_EQ(asked_by_head(path, "", false), "") << path;
    EXPECT_EQ(asked_by_head(path, "companyDetail", false), "company_detail") << path;
  }
}

TEST(AskedByHead, ReadsTheParameterHoweverItIsWritten) {
  for (const std::string query : {"companyDetail",
                                  "companydetail",
                                  "COMPANYDETAIL",
                                  "companyDetail=",
                                  "companyDetail=1",
                                  "companyDetail=false",
                                  "a&companyDetail",
                                  "a=b&companyDetail=c",
                                  "a;companyDetail",
                                  "?companyDetail",
                                  "&companyDetail&",
                                  "companyDetail&companyDetail",
                                  "%63ompanyDetail",
                                  "company%44etail",
                                  "%63%6F%6D%70%61%6E%79%44%65%74%61%69%6C",
                                  "%63ompany%64etail",
                                  "%2563ompanyDetail",
                                  "%25%36%33ompanyDetail",
                                  "%252563ompanyDetail",
                                  "a=1%26companyDetail",
                                  "%00companyDetail",
                                  "company%00Detail",
                                  "company%0ADetail",
                                  "%u0063ompanyDetail",
                                  "%uff43ompanyDetail",
                                  "%EF%BD%83ompanyDetail",
                                  "\xEF\xBD\x83ompanyDetail",
                                  "c%F6mpanyDetail",
                                  "%",
                                  "%6",
                                  "%zz",
                                  "a=%C5%BE",
                                  "xcompanyDetailx",
                                  "companyDetail#",
                                  "x=companyDetail"})
    EXPECT_EQ(asked_by_head("/status", query, false), "company_detail") << query;
}

TEST(AskedByHead, AnotherQueryIsABareStatus) {
  for (const std::string query :
       {"", "a", "_=1718000000", "format=xml&x=%20y", "company=detail", "detail&company", "a%2Fb", "company+Detail"})
    EXPECT_EQ(asked_by_head("/status", query, false), "") << query;
}

TEST(AskedByHead, ABodyOfStatusIsNotLookedInto) { EXPECT_EQ(asked_by_head("/status", "", true), "company_detail"); }

} // namespace
} // namespace ledgergate::profile
