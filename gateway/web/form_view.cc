#include "gateway/web/form_view.h"

#include "absl/strings/str_cat.h"
#include "gateway/web/refusal_words.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

using ctemplate::TemplateDictionary;

void FillField(const Words& words, const FormView::Field& field, const std::string& error,
               TemplateDictionary& values) {
  values.SetValue("NAME", field.name);
  values.SetValue("LABEL", words.Get(field.label));
  values.SetValue("TYPE", field.type);
  if (field.type != "password") values.SetValue("VALUE", field.value);
  values.SetIntValue("MAX", field.max);
  if (field.required) values.ShowSection("REQUIRED");
  if (!field.autocomplete.empty()) {
    values.AddSectionDictionary("AUTOCOMPLETE")->SetValue("TOKEN", field.autocomplete);
  }
  if (!field.inputmode.empty()) {
    values.AddSectionDictionary("INPUTMODE")->SetValue("MODE", field.inputmode);
  }
  if (!field.hint.empty()) {
    values.AddSectionDictionary("HINT")->SetValue("TEXT", words.Get(field.hint));
  }
  if (!field.hint.empty() || !error.empty()) values.ShowSection("DESCRIBED");
  if (!error.empty()) {
    values.ShowSection("INVALID");
    // "New password" and "must have at least 8 characters" make a sentence.
    values.AddSectionDictionary("ERROR")->SetValue(
        "TEXT", absl::StrCat(words.Get(field.label), " ", error, "."));
  }
}

}  // namespace

FormView::Field FormView::NewPassword() {
  return {.name = "password",
          .proto = "new_password",
          .label = "FIELD_NEW_PASSWORD",
          .type = "password",
          .autocomplete = "new-password",
          .hint = "FIELD_PASSWORD_HINT",
          .max = 128};
}

FormView& FormView::Intro(std::string text) {
  intro_.push_back(std::move(text));
  return *this;
}

FormView& FormView::Hidden(std::string name, std::string value) {
  hidden_.emplace_back(std::move(name), std::move(value));
  return *this;
}

FormView& FormView::Add(Field field) {
  fields_.push_back(std::move(field));
  return *this;
}

FormView& FormView::Link(std::string path, std::string word) {
  links_.emplace_back(std::move(path), std::move(word));
  return *this;
}

FormView& FormView::Also(std::string action, std::string name, std::string value,
                         std::string word) {
  extras_.push_back({std::move(action), std::move(name), std::move(value), std::move(word)});
  return *this;
}

http::HttpResponse FormView::Show(Page& page, const absl::Status& status) const {
  if (!status.ok() && !IsFormError(status)) return page.Fail(status);
  const Words& words = page.site.words;
  const ErrorDetails details = DetailsOf(status);
  TemplateDictionary& values = page.UseTemplate("form.tpl");
  values.SetValue("HEADING", words.Get(heading_));
  values.SetValue("ACTION", action_);
  values.SetValue("BUTTON", words.Get(button_));
  for (const std::string& text : intro_) {
    values.AddSectionDictionary("INTRO")->SetValue("TEXT", text);
  }
  for (const auto& [name, value] : hidden_) {
    TemplateDictionary& hidden = *values.AddSectionDictionary("HIDDEN");
    hidden.SetValue("NAME", name);
    hidden.SetValue("VALUE", value);
  }
  bool marked = false;
  for (const Field& field : fields_) {
    const std::string error = FieldError(details, field.proto);
    marked = marked || !error.empty();
    FillField(words, field, error, *values.AddSectionDictionary("FIELD"));
  }
  if (!status.ok()) {
    ShowFormError(marked ? words.Get("FORM_LOOK_AGAIN") : RefusalWords(words, status), values);
  }
  for (const auto& [path, word] : links_) {
    TemplateDictionary& link = *values.AddSectionDictionary("LINK");
    link.SetValue("PATH", path);
    link.SetValue("TEXT", words.Get(word));
  }
  for (const Extra& extra : extras_) {
    TemplateDictionary& also = *values.AddSectionDictionary("ALSO");
    also.SetValue("ALSO_ACTION", extra.action);
    also.SetValue("NAME", extra.name);
    also.SetValue("VALUE", extra.value);
    also.SetValue("TEXT", words.Get(extra.word));
  }
  const std::string title = words.Get(heading_);
  return status.ok() ? page.Show(title) : page.ShowAgain(title, status);
}

}  // namespace rostrum::gateway
