#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gateway/web/page.h"

namespace rostrum::gateway {

// A form on a page of its own: fields one under the other, errors beside them,
// ways to go elsewhere below. What was typed stays, except passwords.
class FormView {
 public:
  struct Field {
    std::string name;   // in the form
    std::string proto;  // of the request's field, to put errors to it
    std::string label;  // a word of the catalogue
    std::string type = "text";
    std::string autocomplete;
    std::string hint;  // a word, or empty
    std::string value;
    bool required = true;
    int max = 254;  // characters
    std::string inputmode;
  };

  // `heading` and `button` are words of the catalogue.
  FormView(std::string action, std::string heading, std::string button)
      : action_(std::move(action)), heading_(std::move(heading)), button_(std::move(button)) {}

  FormView& Intro(std::string text);  // text, not a word
  FormView& Hidden(std::string name, std::string value);
  FormView& Add(Field field);
  // A way elsewhere: a path on this site and a word.
  FormView& Link(std::string path, std::string word);
  // A second form of one button, such as "send the mail again".
  FormView& Also(std::string action, std::string name, std::string value, std::string word);

  // The page; `status` is why the form is shown again, or OK. Errors that are
  // none of the form's are left to Page::Fail.
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
