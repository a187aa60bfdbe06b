// The article as a page: what the gateway does when it has no rendered one.

#include <string>

#include "benchmark/benchmark.h"
#include "ctemplate/template.h"
#include "gateway/web/article_view.h"
#include "gateway/web/templates.h"
#include "gateway/web/words.h"
#include "tests/load/hot/posts.h"
#include "web_templates.h"
#include "web_words.h"

namespace rostrum::gateway {
namespace {

void ArticleTemplate(benchmark::State& state) {
  static const Words* const words =
      new Words(Words::Parse(web_words::Files().at(0).bytes.ToString()).value());
  static const Templates* const templates = [] {
    auto* const loaded = new Templates();
    if (!loaded->Load(web_templates::Files(), *words).ok()) std::abort();
    return loaded;
  }();
  const content::v1::Post post = SamplePost(12'000);
  size_t bytes = 0;
  for (auto _ : state) {
    ctemplate::TemplateDictionary values("article");
    FillArticle(*words, post, "/c/world/what-the-ceasefire-left-open", false, values);
    const std::string page = templates->Expand("article.tpl", values);
    bytes += page.size();
  }
  if (bytes < 12'000 * static_cast<size_t>(state.iterations())) {
    state.SkipWithError("the text is missing");
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}
BENCHMARK(ArticleTemplate);

}  // namespace
}  // namespace rostrum::gateway
