#include "services/account/common_passwords.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace rostrum::account {
namespace {

// Lower case, letters only or with the digits that belong to the word.
constexpr char kWords[] =
    // "password" in many languages.
    "password passwort passwd passw passe motdepasse contrasena contrasenya senha palavrapasse "
    "parola wachtwoord haslo heslo lozinka jelszo salasana losenord adgangskode passord parool "
    "slaptazodis geslo sifre kennwort kodeord mypassword thepassword newpassword passphrase "
    "passcode secret topsecret geheim segredo secreto "
    // Logging in.
    "letmein letmeinnow openup opensesame access access14 login logmein welcome willkommen "
    "bienvenue bienvenido bemvindo benvenuto enter changeme changeit changethis default temp "
    "temporary guest admin administrator root toor user username test tester testing testtest "
    "demo example sample whatever nothing none null undefined master manager system server "
    "computer internet windows google facebook instagram linkedin twitter youtube amazon apple "
    "samsung microsoft adobe oracle linux ubuntu debian "
    // Words of this site.
    "rostrum article magazine newsletter member membership subscriber subscribe premium reader "
    "author publish publication freetrial trial journal journalist news "
    // Keyboard walks and the like that IsWalk does not find.
    "qwerty qwertz azerty qwert qwerty1 1q2w3e 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qazxsw2 zaq12wsx "
    "zaq1zaq1 qazwsx qazwsxedc q1w2e3 q1w2e3r4 q1w2e3r4t5 a1b2c3 a1b2c3d4 abc123 123abc abcd1234 "
    "1234abcd aa123456 a123456 123qwe qwe123 qweasd qweasdzxc asdqwe zxcasd asd123 123asd iloveu "
    "1a2b3c 1a2b3c4d pass1234 pass123 qwer asdf zxcv qwerasdf asdfqwer asdfzxcv "
    // Love, faith, names, beasts, sport and the rest of what people like.
    "iloveyou ilovegod iloveme loveyou loveme lovely love tequiero teamo jetaime ichliebedich "
    "sweetheart sweety sweetie honey darling princess princesa prince queen angel angels angelo "
    "babygirl babyboy baby beautiful hello helloworld goodbye sunshine moonlight starlight "
    "rainbow flower butterfly summer winter spring autumn monday friday january december freedom "
    "liberty peace justice jesus jesuschrist christ blessed heaven faith trust amen allah shalom "
    "michael jennifer jessica ashley daniel matthew joshua andrew anthony thomas robert william "
    "charlie george jordan hunter taylor nicole michelle amanda samantha melissa elizabeth "
    "alexander christopher jonathan benjamin nicholas patrick richard stephanie veronica carlos "
    "antonio fernando francisco sebastian andrea daniela maria mohammed mustafa ibrahim ali "
    "monkey dragon tiger lion eagle falcon dolphin panther kitty kitten puppy doggy buster ginger "
    "shadow pepper cookie chocolate cheese banana orange cherry strawberry coffee peanut "
    "football futbol fussball soccer baseball basketball hockey liverpool chelsea arsenal "
    "barcelona realmadrid juventus benfica sporting manchester yankees cowboys steelers lakers "
    "superman batman spiderman ironman starwars startrek pokemon pikachu naruto matrix ninja "
    "samurai warrior killer hacker gamer minecraft fortnite playstation nintendo xbox mustang "
    "ferrari porsche mercedes corvette harley yamaha honda toyota camaro thunder phoenix silver "
    "golden diamond purple yellow green blue black white blink182 metallica nirvana slipknot "
    "snoopy garfield mickey donald simpson family forever together friends mother father mummy "
    "daddy sister brother lucky money million dollar trustno1 fuckyou fuckoff asshole bullshit "
    "bitch pussy america canada brasil brazil mexico france deutschland germany england italia "
    "espana portugal poland russia ukraine india pakistan china london berlin paris madrid lisboa "
    "lisbon newyork florida texas california";

const absl::flat_hash_set<std::string>& Words() {
  static const auto* const words =
      new absl::flat_hash_set<std::string>(absl::StrSplit(kWords, ' '));
  return *words;
}

bool IsLetter(char c) { return absl::ascii_isalpha(c) || (c & 0x80) != 0; }

// "p4ssw0rd" -> "password".
std::string UndoDigits(std::string word) {
  for (char& c : word) {
    switch (c) {
      case '0': c = 'o'; break;
      case '1': c = 'i'; break;
      case '3': c = 'e'; break;
      case '4': c = 'a'; break;
      case '5': c = 's'; break;
      case '7': c = 't'; break;
      case '@': c = 'a'; break;
      case '$': c = 's'; break;
      case '!': c = 'i'; break;
      default: break;
    }
  }
  return word;
}

// The word without up to six digits and punctuation marks at either end.
std::string Core(absl::string_view word) {
  for (int i = 0; i < 6 && !word.empty() && !IsLetter(word.back()); ++i) word.remove_suffix(1);
  for (int i = 0; i < 6 && !word.empty() && !IsLetter(word.front()); ++i) word.remove_prefix(1);
  return std::string(word);
}

bool IsRepeated(const std::string& word, size_t period) {
  return word.size() > period &&
         std::equal(word.begin() + static_cast<std::ptrdiff_t>(period), word.end(), word.begin());
}

bool IsWalk(const std::string& word) {
  static const auto* const rows = new std::vector<std::string>(
      {"abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop[]", "asdfghjkl;'",
       "zxcvbnm,./", "azertyuiop", "qsdfghjklm", "qwertzuiop", "!@#$%^&*()_+"});
  const std::string backwards(word.rbegin(), word.rend());
  return std::any_of(rows->begin(), rows->end(), [&](const std::string& row) {
    return row.find(word) != std::string::npos || row.find(backwards) != std::string::npos;
  });
}

absl::flat_hash_set<std::string> PersonalWords(const std::vector<std::string>& personal) {
  absl::flat_hash_set<std::string> words;
  for (const std::string& text : personal) {
    const std::string lower = absl::AsciiStrToLower(text);
    words.insert(lower);
    for (absl::string_view part : absl::StrSplit(lower, absl::ByAnyChar(" @.+-_"))) {
      if (part.size() >= 4) words.insert(std::string(part));
    }
  }
  words.erase("");
  return words;
}

}  // namespace

bool IsCommonPassword(absl::string_view password, const std::vector<std::string>& personal) {
  const std::string lower = absl::AsciiStrToLower(password);
  const std::string core = Core(lower);
  if (IsRepeated(lower, 1) || IsRepeated(lower, 2) || IsWalk(lower)) return true;
  if (core.size() >= 6 && IsWalk(core)) return true;

  const absl::flat_hash_set<std::string> own = PersonalWords(personal);
  const auto known = [&](const std::string& word) {
    return Words().contains(word) || own.contains(word);
  };
  for (const std::string& word :
       {lower, core, UndoDigits(lower), UndoDigits(core), Core(UndoDigits(lower))}) {
    if (known(word)) return true;
    const std::string half = word.substr(0, word.size() / 2);
    if (word.size() % 2 == 0 && known(half) && absl::StrCat(half, half) == word) return true;
  }
  return false;
}

}  // namespace rostrum::account
