#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gateway/web/article_view.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/post_list_view.h"
#include "gateway/web/rpcs.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;

constexpr int kFoundPerPage = 20;

void FillPassages(const google::protobuf::RepeatedPtrField<cpb::Passage>& passages,
                  const char* name, ctemplate::TemplateDictionary& item) {
  for (const cpb::Passage& passage : passages) {
    ctemplate::TemplateDictionary& piece = *item.AddSectionDictionary(name);
    piece.AddSectionDictionary(passage.match() ? "MATCH" : "PLAIN")
        ->SetValue("TEXT", passage.text());
  }
}

// Whether an excerpt, which is of the lede and the text after it, begins within.
bool BeginsWithin(const cpb::FoundPost& post) {
  std::string excerpt;
  for (const cpb::Passage& passage : post.excerpt()) absl::StrAppend(&excerpt, passage.text());
  const std::string& lede = post.post().lede();
  return !absl::StartsWith(excerpt, lede) && !absl::StartsWith(lede, excerpt);
}

// The form, with results if there was a query.
PageAnswer SearchPage(Page& page) {
  ctemplate::TemplateDictionary& values = page.UseTemplate("search.tpl");
  const std::string query(absl::StripAsciiWhitespace(page.query.Get("q")));
  values.SetValue("QUERY", query);
  page.Layout().ShowSection("NO_INDEX");
  if (!page.SignedIn()) values.ShowSection("VISITOR");
  const std::string title = page.site.words.Get("NAV_SEARCH");
  if (query.empty()) co_return page.Show(title);

  cpb::SearchPostsRequest request;
  request.set_query(query);
  request.set_page_size(kFoundPerPage);
  request.set_page_token(page.query.Get("page"));
  const auto found = co_await page.calls.Call(rpcs::kSearchPosts, request);
  const std::string words = absl::StrCat("q=", QueryValue(query));
  const std::string first = absl::StrCat("/search?", words);
  if (IsPageTokenError(found.status())) co_return page.Redirect(first);
  if (!found.ok()) {
    if (!page.ShowFormErrors(found.status(), {{"query", "BODY"}}, values)) {
      co_return page.Fail(found.status());
    }
    co_return page.Show(title, 400);
  }
  if (found->posts().empty()) {
    values.ShowSection("NONE");
  } else {
    ctemplate::TemplateDictionary& list = *values.AddSectionDictionary("FOUND");
    for (const cpb::FoundPost& post : found->posts()) {
      ctemplate::TemplateDictionary& item = *list.AddSectionDictionary("POST");
      FillPost(page.site.words, post.post(), item);
      FillPassages(post.title(), "TITLE", item);
      if (BeginsWithin(post)) item.ShowSection("WITHIN");
      FillPassages(post.excerpt(), "EXCERPT", item);
    }
  }
  if (!request.page_token().empty()) {
    values.AddSectionDictionary("NEWEST")->SetValue("URL", first);
  }
  AddPager("/search", words, found->next_page_token(), values);
  co_return page.Show(absl::StrCat(query, " · ", title));
}

}  // namespace

void AddSearchPages(PageRoutes& routes) { routes.push_back({"GET", "/search", SearchPage}); }

}  // namespace rostrum::gateway
