// The documents behind native_error.h, one function each. They know forms, not choices.
#pragma once

#include "base/encode.h"
#include "profile/failure.h"
#include "profile/words.h"

#include <string>
#include <string_view>

namespace ledgergate::profile {

struct Account {
  const Failure& failure;
  const Reader& reader;
  const CauseInfo& info;
  settings::Language language;
  Again again;
  std::string_view message;  // lines with '\n' between them
  std::string_view one_line; // the same with blanks
};

// error_xml.cpp
// <rsp:responsePack state="error" note="…">, as mServer answers (docs/vendors.md, mServer).
void append_response_pack(const Account& account, Encoding encoding, std::string& out);
// The same as a shop answers POHODA (docs/vendors.md, Shops: an older version and namespace).
void append_shop_pack(const Account& account, Encoding encoding, std::string& out);
// SOAP 1.1 section 4.4; SOAP 1.2 part 1 section 5.4. In UTF-8.
void append_soap_fault(const Account& account, bool version_1_2, std::string& out);
// The error of an OData 3 service in Atom (OData Version 3.0, Atom format, section 19). In UTF-8.
void append_odata_xml(const Account& account, std::string& out);
// A small page. In UTF-8.
void append_page(const Account& account, std::string& out);

// error_json.cpp, all in UTF-8
// {"Result":"ERR","CommandIn":…,"Error":[{"number":…,"desc":…}]} (docs/vendors.md, ApiComPrem).
void append_premier(const Account& account, std::string& out);
// {"odata.error":{…}}: OData Version 3.0, JSON format, section 14.
void append_odata_json(const Account& account, std::string& out);
// {"error":{"code":…,"message":…}}: OData JSON Format 4.01 section 21; Mobile SMARTS' REST addresses are of that family.
void append_rest_error(const Account& account, std::string& out);
// RFC 9457.
void append_problem(const Account& account, std::string& out);

} // namespace ledgergate::profile
