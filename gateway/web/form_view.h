#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gateway/web/page.h"

namespace rostrum::gateway {

// A form on its own page: fields one below the other with their errors beside them, and
// links below. What was typed is kept, except passwords.
class FormView {
 public:
  struct Field {
    std::string name;   // in the form
    std::string proto;  // path of the request's field, to match errors
    std::string label;  // a name in the word catalogue
    std::string type = "text";
    std::string autocomplete;
    std::string hint;  // a name in the catalogue, or empty
    std::string value;
    bool required = true;
    int max = 254;  // characters
    std::string inputmode;
  };

  // A password that is chosen, not one that is known.
  static Field NewPassword();

  // `heading` and `button` are names in the word catalogue.
  FormView(std::string action, std::string heading, std::string button)
      : action_(std::move(action)), heading_(std::move(heading)), button_(std::move(button)) {}

  FormView& Intro(std::string text);  // a text, not a name in the catalogue
  FormView& Hidden(std::string name, std::string value);
  FormView& Add(Field field);
  // A link below the form: a path on this site and the name of its text in the catalogue.
  FormView& Link(std::string path, std::string word);
  // A second form of one button, such as "send the mail again".
  FormView& Also(std::string action, std::string name, std::string value, std::string word);

  // The page. `status` is why the form is shown again, or OK. Errors that are not about the
  // form are left to Page::Fail.
  http::HttpResponse Show(Page& page, const absl::Status& status = absl::OkStatus()) const;

 private:
  struct Extra {
    std::string action, name, value, word;
  };
  const std::string action_, heading_, button_;
  std::vector<std::string> intro_;
  std::vector<std::pair<std::string, std::string>> hidden_;
  std::vector<Field> fields_;
  std::vector<std::pair<std::string, std::string>> links_;
  std::vector<Extra> extras_;
};

}  // namespace rostrum::gateway
