#include "profile/words.h"

#include <array>
#include <cstddef>

namespace ledgergate::profile {
namespace {

using enum Cause;
using settings::Language;

struct Texts {
  std::string_view en, cs, sk;
};

std::string_view in(const Texts& texts, Language language) noexcept {
  switch (language) {
  case Language::en: return texts.en;
  case Language::cs: return texts.cs;
  case Language::sk: return texts.sk;
  }
  return texts.en;
}

// What to do, for whole groups of causes.
constexpr Texts kSaid{}; // the sentence has it, or nobody reads it
constexpr Texts kResend{"Check the connection, then send the request again.", "Zkontrolujte připojení a pošlete požadavek znovu.",
                        "Skontrolujte pripojenie a pošlite požiadavku znova."};
constexpr Texts kMend{"The program that sent the request has to be corrected.",
                      "Program, který požadavek poslal, je třeba opravit.", "Program, ktorý požiadavku poslal, treba opraviť."};
constexpr Texts kDivide{"Send less at once, or ask the administrator for a higher limit.",
                        "Pošlete méně dat najednou, nebo požádejte správce o vyšší limit.",
                        "Pošlite menej údajov naraz alebo požiadajte správcu o vyšší limit."};
constexpr Texts kLess{"Ask for less at once, or ask the administrator for a higher limit.",
                      "Žádejte méně dat najednou, nebo požádejte správce o vyšší limit.",
                      "Žiadajte menej údajov naraz alebo požiadajte správcu o vyšší limit."};
constexpr Texts kAddress{"Check the address in the settings of your program.", "Zkontrolujte adresu v nastavení svého programu.",
                         "Skontrolujte adresu v nastavení svojho programu."};
constexpr Texts kHttps{"Change the address to https in the settings of your program.",
                       "V nastavení svého programu změňte adresu na https.", "V nastavení svojho programu zmeňte adresu na https."};
constexpr Texts kAsk{"Ask the administrator for the permission.", "O oprávnění požádejte správce.",
                     "O oprávnenie požiadajte správcu."};
constexpr Texts kLater{"Wait for as long as Retry-After says, then send the request again.",
                       "Vyčkejte dobu uvedenou v Retry-After a pošlete požadavek znovu.",
                       "Vyčkajte čas uvedený v Retry-After a pošlite požiadavku znova."};
constexpr Texts kKey{"Check the key, or user and password, in the settings of your program.",
                     "Zkontrolujte klíč, nebo jméno a heslo, v nastavení svého programu.",
                     "Skontrolujte kľúč alebo meno a heslo v nastavení svojho programu."};
constexpr Texts kCertified{"Install the certificate that the administrator has issued for you.",
                           "Nainstalujte certifikát, který vám vydal správce.",
                           "Nainštalujte certifikát, ktorý vám vydal správca."};
constexpr Texts kLogin{"Enter the user and password in the settings of your program.",
                       "Vyplňte jméno a heslo v nastavení svého programu.", "Vyplňte meno a heslo v nastavení svojho programu."};
constexpr Texts kUnit{"Check the accounting unit in the settings of your program.",
                      "Zkontrolujte účetní jednotku v nastavení svého programu.",
                      "Skontrolujte účtovnú jednotku v nastavení svojho programu."};
constexpr Texts kReconnect{"Open a new connection and send the request again.", "Navažte nové spojení a pošlete požadavek znovu.",
                           "Nadviažte nové spojenie a pošlite požiadavku znova."};
constexpr Texts kReport{"If it lasts, give this message to the administrator.",
                        "Pokud potíže trvají, předejte tuto zprávu správci.",
                        "Ak ťažkosti pretrvávajú, odovzdajte túto správu správcovi."};

struct Row {
  Cause cause;
  Texts remedy;
  std::string_view cs, sk;
};

// The one table.
constexpr Row kRows[] = {
    {client_gone, kSaid, "Klient ukončil spojení.", "Klient ukončil spojenie."},
    {client_head_timeout, kResend, "Požadavek nedorazil včas.", "Požiadavka neprišla včas."},
    {client_body_timeout, kResend, "Tělo požadavku přicházelo příliš pomalu.", "Telo požiadavky prichádzalo príliš pomaly."},
    {client_write_timeout, kSaid, "Klient přebíral odpověď příliš pomalu.", "Klient preberal odpoveď príliš pomaly."},
    {client_tls, kSaid, "Spojení TLS s klientem selhalo.", "Spojenie TLS s klientom zlyhalo."},
    {bad_request, kMend, "Požadavek není platný podle HTTP.", "Požiadavka nie je platná podľa HTTP."},
    {bad_framing, kMend, "Délka těla požadavku není uvedena jednoznačně.", "Dĺžka tela požiadavky nie je uvedená jednoznačne."},
    {bad_host, kMend, "Hlavička Host v požadavku chybí, nebo je chybná.", "Hlavička Host v požiadavke chýba alebo je chybná."},
    {bad_target, kMend, "Adresa v prvním řádku požadavku je chybná.", "Adresa v prvom riadku požiadavky je chybná."},
    {head_too_large, kMend, "Hlavičky požadavku jsou příliš dlouhé.", "Hlavičky požiadavky sú príliš dlhé."},
    {target_too_long, kMend, "Adresa v prvním řádku požadavku je příliš dlouhá.",
     "Adresa v prvom riadku požiadavky je príliš dlhá."},
    {body_too_large, kDivide, "Tělo požadavku je větší, než je zde povoleno.", "Telo požiadavky je väčšie, než je tu povolené."},
    {method_not_implemented, kMend, "Tato metoda není podporována.", "Táto metóda nie je podporovaná."},
    {method_not_allowed, kAddress, "Tato metoda zde není dovolena.", "Táto metóda tu nie je dovolená."},
    {http_version, kMend, "Podporovány jsou jen verze HTTP/1.0 a HTTP/1.1.", "Podporované sú len verzie HTTP/1.0 a HTTP/1.1."},
    {expectation, kMend, "Očekávání požadavku (Expect) nelze splnit.", "Očakávanie požiadavky (Expect) nemožno splniť."},
    {misdirected, kReconnect, "Toto spojení bylo navázáno pro jiné jméno serveru.",
     "Toto spojenie bolo nadviazané pre iné meno servera."},
    {no_route, kAddress, "Na této adrese není nic zveřejněno.", "Na tejto adrese nie je nič zverejnené."},
    {forbidden, kAsk, "Toto není dovoleno.", "Toto nie je dovolené."},
    {https_required, kHttps, "Použijte https: tento požadavek nesl data nebo heslo nešifrovaně.",
     "Použite https: táto požiadavka niesla údaje alebo heslo nešifrovane."},
    {login_required, kKey, "Zde je nutné přihlášení.", "Tu je potrebné prihlásenie."},
    {login_failed, kKey, "Přihlašovací údaje nesouhlasí.", "Prihlasovacie údaje nesúhlasia."},
    {certificate_required, kCertified, "Zde je nutný klientský certifikát.", "Tu je potrebný klientsky certifikát."},
    {client_disabled, kAsk, "Toto přihlášení je vypnuté nebo již neplatí.", "Toto prihlásenie je vypnuté alebo už neplatí."},
    {address_denied, kAsk, "Z vaší adresy není toto přihlášení povoleno.", "Z vašej adresy nie je toto prihlásenie povolené."},
    {locked_out, kLater, "Příliš mnoho chybných přihlášení; před dalším pokusem vyčkejte.",
     "Príliš veľa chybných prihlásení; pred ďalším pokusom vyčkajte."},
    {rate_limited, kLater, "Posíláte příliš mnoho požadavků; posílejte je pomaleji.",
     "Posielate príliš veľa požiadaviek; posielajte ich pomalšie."},
    {credentials_missing, kLogin, "Chybí jméno a heslo pro server.", "Chýba meno a heslo pre server."},
    {body_unreadable, kMend, "Tělo požadavku nelze jednoznačně přečíst.", "Telo požiadavky nemožno jednoznačne prečítať."},
    {unsupported_coding, kMend, "Kódování Content-Encoding požadavku není podporováno.",
     "Kódovanie Content-Encoding požiadavky nie je podporované."},
    {operation_denied, kAsk, "To, o co tento požadavek žádá, nemáte dovoleno.", "To, o čo táto požiadavka žiada, nemáte dovolené."},
    {unit_unknown, kUnit, "Účetní jednotka v požadavku není na této adrese obsluhována.",
     "Účtovná jednotka v požiadavke nie je na tejto adrese obsluhovaná."},
    {no_capacity, kSaid, "Příliš mnoho požadavků najednou; zkuste to za chvíli znovu.",
     "Príliš veľa požiadaviek naraz; skúste to o chvíľu znova."},
    {queue_full, kSaid, "Na server čeká příliš mnoho požadavků; zkuste to znovu později.",
     "Na server čaká príliš veľa požiadaviek; skúste to znova neskôr."},
    {queue_timeout, kSaid, "Server byl příliš dlouho zaneprázdněn jinými; zkuste to znovu později.",
     "Server bol príliš dlho zaneprázdnený inými; skúste to znova neskôr."},
    {server_closed, kSaid, "Server má v tuto hodinu zavřeno; zkuste to, až otevře.",
     "Server má v túto hodinu zatvorené; skúste to, keď otvorí."},
    {server_down, kSaid, "Server je mimo provoz; zkuste to znovu později.", "Server je mimo prevádzky; skúste to znova neskôr."},
    {draining, kSaid, "Brána se restartuje; zkuste to za chvíli znovu.", "Brána sa reštartuje; skúste to o chvíľu znova."},
    {out_of_memory, kSaid, "Brána nemá pro tento požadavek dost paměti; zkuste to za chvíli znovu.",
     "Brána nemá pre túto požiadavku dosť pamäte; skúste to o chvíľu znova."},
    {spool_full, kSaid, "Brána už uchovává příliš mnoho pro jiné; zkuste to znovu později.",
     "Brána už uchováva príliš veľa pre iných; skúste to znova neskôr."},
    {spool_failed, kReport, "Brána nemá na disku místo pro tuto výměnu.", "Brána nemá na disku miesto pre túto výmenu."},
    {internal, kReport, "Brána selhala.", "Brána zlyhala."},
    {dns_error, kReport, "Jméno serveru nelze převést na adresu.", "Meno servera nemožno previesť na adresu."},
    {dns_timeout, kReport, "Jméno serveru se nepodařilo včas převést na adresu.",
     "Meno servera sa nepodarilo včas previesť na adresu."},
    {connect_refused, kReport, "Server odmítl spojení.", "Server odmietol spojenie."},
    {connect_unreachable, kReport, "Server je nedosažitelný.", "Server je nedosiahnuteľný."},
    {connect_failed, kReport, "Spojení se serverem se nepodařilo navázat.", "Spojenie so serverom sa nepodarilo nadviazať."},
    {connect_timeout, kReport, "Server nepřijal spojení včas.", "Server neprijal spojenie včas."},
    {upstream_tls, kReport, "Spojení TLS se serverem selhalo.", "Spojenie TLS so serverom zlyhalo."},
    {upstream_certificate, kReport, "Certifikát serveru není důvěryhodný.", "Certifikát servera nie je dôveryhodný."},
    {upstream_write_failed, kReport, "Server ukončil spojení, zatímco se mu požadavek posílal.",
     "Server ukončil spojenie, kým sa mu požiadavka posielala."},
    {upstream_write_timeout, kReport, "Server nepřevzal požadavek včas.", "Server neprevzal požiadavku včas."},
    {upstream_closed, kReport, "Server ukončil spojení bez odpovědi.", "Server ukončil spojenie bez odpovede."},
    {upstream_reset, kReport, "Server přerušil spojení bez odpovědi.", "Server prerušil spojenie bez odpovede."},
    {reply_timeout, kReport, "Server neodpověděl včas.", "Server neodpovedal včas."},
    {reply_stalled, kReport, "Server se odmlčel uprostřed odpovědi.", "Server sa odmlčal uprostred odpovede."},
    {reply_unparsable, kReport, "Odpověď serveru není platná podle HTTP.", "Odpoveď servera nie je platná podľa HTTP."},
    {reply_head_too_large, kReport, "Hlavičky odpovědi serveru jsou příliš dlouhé.", "Hlavičky odpovede servera sú príliš dlhé."},
    {reply_truncated, kReport, "Odpověď serveru je neúplná.", "Odpoveď servera je neúplná."},
    {reply_bad_coding, kReport, "Vymezení těla odpovědi serveru je porušené.", "Vymedzenie tela odpovede servera je porušené."},
    {reply_too_large, kLess, "Odpověď serveru je větší, než kolik od něj brána přijímá.",
     "Odpoveď servera je väčšia, než koľko od neho brána prijíma."},
    {reply_wrong_type, kReport, "Server odpověděl něčím jiným než text/xml.", "Server odpovedal niečím iným ako text/xml."},
    {reply_bad_length, kReport, "Délka odpovědi serveru neodpovídá uvedené.", "Dĺžka odpovede servera nezodpovedá uvedenej."},
    {server_refused_edge, kReport, "Server nepřijal jméno a heslo, která pro něj má brána.",
     "Server neprijal meno a heslo, ktoré preň má brána."},
    {upgrade_failed, kReport, "Server nepřešel na dohodnutý protokol.", "Server neprešiel na dohodnutý protokol."},
};

constexpr Texts kAgain[] = {
    {},
    {"The request was not forwarded: it is safe to send it again.", "Požadavek nebyl předán dál: lze ho bez obav poslat znovu.",
     "Požiadavka nebola odovzdaná ďalej: možno ju bez obáv poslať znova."},
    {"The request only reads: it is safe to send it again.", "Požadavek jen čte: lze ho bez obav poslat znovu.",
     "Požiadavka iba číta: možno ju bez obáv poslať znova."},
    {"The request may have been carried out: check before sending it again.",
     "Požadavek mohl být proveden: než ho pošlete znovu, zkontrolujte to.",
     "Požiadavka mohla byť vykonaná: skôr než ju pošlete znova, skontrolujte to."},
};
constexpr Texts kRequest{"Request", "Požadavek", "Požiadavka"};

const Row* find(Cause cause) noexcept {
  for (const Row& row : kRows)
    if (row.cause == cause) return &row;
  return nullptr;
}

void append_line(std::string_view line, std::string& out) {
  if (line.empty()) return;
  out += line;
  out += '\n';
}

} // namespace

std::string_view tag(Language language) noexcept { return in({"en", "cs", "sk"}, language); }

std::string_view sentence(Cause cause, Language language) noexcept {
  const std::string_view english = describe(cause).text;
  const Row* row = find(cause);
  return row == nullptr ? english : in({english, row->cs, row->sk}, language);
}

std::string_view remedy(Cause cause, Language language) noexcept {
  const Row* row = find(cause);
  return row == nullptr ? std::string_view{} : in(row->remedy, language);
}

std::string_view words(Again again, Language language) noexcept { return in(kAgain[static_cast<std::size_t>(again)], language); }

void append_message(const Message& message, Language language, std::string& out) {
  std::string_view what = sentence(message.cause, language);
  if (message.waited_seconds != 0 && what.ends_with('.')) {
    what.remove_suffix(1);
    out += what;
    out += " (";
    out += std::to_string(message.waited_seconds);
    out += " s).\n";
  } else {
    append_line(what, out);
  }
  append_line(words(message.again, language), out);
  append_line(remedy(message.cause, language), out);
  append_line(message.address, out);
  out += in(kRequest, language);
  out += ' ';
  out += message.request_id;
}

} // namespace ledgergate::profile
